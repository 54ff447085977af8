using EventLoop.AspNetCore.Requests;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.Options;

namespace EventLoop.AspNetCore.Results;

/// <summary>Makes async sequences that controllers' actions return be produced on the loop.</summary>
internal sealed class StayingMvcResults : IConfigureOptions<MvcOptions>, IResultFilter
{
    public void Configure(MvcOptions options)
    {
        options.Filters.Add(this);
        options.Filters.Add(new FormFilter());
    }

    public void OnResultExecuting(ResultExecutingContext context)
    {
        switch (context.Result)
        {
            case ObjectResult result:
                result.Value = StayingResults.Wrap(result.Value);
                break;
            case JsonResult result:
                result.Value = StayingResults.Wrap(result.Value);
                break;
        }
    }

    public void OnResultExecuted(ResultExecutedContext context)
    {
    }

    /// <summary>Comes before whatever may read a form, and behind authorization, where limits for the form replace what keeps it from blocking the
    /// loop.</summary>
    private sealed class FormFilter : IResourceFilter, IOrderedFilter
    {
        public int Order => int.MinValue;

        public void OnResourceExecuting(ResourceExecutingContext context)
        {
            var http = context.HttpContext;
            if (RequestTask.Of(http) is { HasForm: true } request)
            {
                StayingForm.Return(http, request.Core);
            }
        }

        public void OnResourceExecuted(ResourceExecutedContext context)
        {
        }
    }
}
