using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The form of a request. <c>Request.Form</c>, which reads the body and blocks until it is there, never waits on the loop's thread.</summary>
internal sealed class StayingForm(LoopCore core, HttpContext http) : IFormFeature
{
    private IFormFeature? inner;

    public bool HasFormContentType => Inner.HasFormContentType;

    public IFormCollection? Form
    {
        get => Inner.Form;
        set => Inner.Form = value;
    }

    // Made by ASP.NET Core itself when it is needed, with the options of its endpoint.
    private IFormFeature Inner
    {
        get
        {
            if (inner is null)
            {
                http.Features.Set<IFormFeature>(null);
                _ = http.Request.HasFormContentType;
                inner = http.Features.GetRequiredFeature<IFormFeature>();
                http.Features.Set<IFormFeature>(this);
            }

            return inner;
        }
    }

    /// <summary>Whether a request says that its body is a form.</summary>
    internal static bool IsForm(IHttpRequestFeature request)
    {
        string? type = request.Headers.ContentType;
        return type is not null && (type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || type.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase));
    }

    public IFormCollection ReadForm()
    {
        if (!ReferenceEquals(LoopCore.Running, core))
        {
            return Inner.ReadForm();
        }

        var reading = Inner.ReadFormAsync(CancellationToken.None);
        return reading.IsCompleted ? reading.GetAwaiter().GetResult() : throw StayingStream.WouldWait(
            "This form has not arrived yet, and Request.Form would block the thread that receives it. Await Request.ReadFormAsync() before");
    }

    public Task<IFormCollection> ReadFormAsync(CancellationToken cancellationToken) => Inner.ReadFormAsync(cancellationToken);
}
