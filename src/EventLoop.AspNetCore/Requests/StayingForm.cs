using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EventLoop.AspNetCore.Requests;

/// <summary>The form of a request. <c>Request.Form</c>, which reads the body and blocks until it is there, never waits on the loop's thread.</summary>
/// <param name="core">The loop of its request.</param>
/// <param name="http">The request.</param>
/// <param name="inner">Null: that of ASP.NET Core.</param>
internal sealed class StayingForm(LoopCore core, HttpContext http, IFormFeature? inner = null) : IFormFeature
{
    private IFormFeature? inner = inner;

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

    /// <summary>Puts it around a feature that something has set in its place, as the limits of a controller's action do.</summary>
    internal static void Return(HttpContext http, LoopCore core)
    {
        if (http.Features.Get<IFormFeature>() is { } other and not StayingForm)
        {
            http.Features.Set<IFormFeature>(new StayingForm(core, http, other));
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
