using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.Options;

namespace EventLoop.AspNetCore.Results;

/// <summary>Makes async sequences that controllers' actions return be produced on the loop.</summary>
internal sealed class StayingMvcResults : IConfigureOptions<MvcOptions>, IResultFilter
{
    public void Configure(MvcOptions options) => options.Filters.Add(this);

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
}
