using System.IO.Pipelines;
using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace EventLoop.AspNetCore.Requests;

/// <summary>
/// The body of a response as the application sees it, and that of the request. A write that has to wait for the client, and a read of a chunked body, end on
/// the thread pool in Kestrel; code that uses <c>ConfigureAwait(false)</c>, above all the JSON serializer, would continue there with the application's
/// objects. Here it resumes on the loop. Synchronous calls are refused where they would block it.
/// </summary>
/// <param name="core">The loop of its request.</param>
/// <param name="stays">False: asynchronous waits end where they end in Kestrel.</param>
internal sealed class StayingBody(LoopCore core, bool stays = true) : PipeWriter, IHttpResponseBodyFeature
{
    private IFeatureCollection? features;
    private IHttpResponseBodyFeature? inner;
    private PipeWriter? writer;
    private StayingStream? stream;

    public Stream Stream => stream ??= new StayingStream(core, inner!.Stream, features!, stays);

    public PipeWriter Writer
    {
        get
        {
            writer ??= inner!.Writer;
            return this;
        }
    }

    public override bool CanGetUnflushedBytes => Open.CanGetUnflushedBytes;

    public override long UnflushedBytes => Open.UnflushedBytes;

    // Somebody has kept the writer of a request that has ended.
    private PipeWriter Open => writer ?? throw new ObjectDisposedException(
        nameof(HttpResponse), "The response that this writer belongs to has ended: nothing may be written after the handler has.");

    /// <summary>What is left where bodies need not stay: no synchronous call blocks the loop until the loop itself does something. Kestrel's own objects are
    /// left where such calls are not allowed, except for a form's.</summary>
    /// <returns>Whether the body is a form.</returns>
    internal static bool Guard(HttpContext http, LoopCore core)
    {
        if (http.Features.Get<IHttpBodyControlFeature>() is { AllowSynchronousIO: true })
        {
            return new StayingBody(core, stays: false).Attach(http);
        }

        if (HasBody(http.Features) && http.Features.Get<IHttpRequestFeature>() is { } request && StayingForm.IsForm(request))
        {
            http.Features.Set<IFormFeature>(new StayingForm(core, http));
            return true;
        }

        return false;
    }

    /// <summary>Attaches it to another request, or to none: nothing of the last one is left.</summary>
    /// <returns>Whether the body of the request is a form.</returns>
    internal bool Attach(HttpContext http)
    {
        features = http.Features;
        inner = features.Get<IHttpResponseBodyFeature>();
        writer = null;
        stream = null;
        features.Set<IHttpResponseBodyFeature>(this);
        if (HasBody(features) && features.Get<IHttpRequestFeature>() is { } request)
        {
            request.Body = new StayingStream(core, request.Body, features, stays);
            if (StayingForm.IsForm(request))
            {
                features.Set<IFormFeature>(new StayingForm(core, http));
                return true;
            }
        }

        return false;
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => Stay(inner!.StartAsync(cancellationToken));

    public Task CompleteAsync() => Stay(inner!.CompleteAsync());

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        stays && ReferenceEquals(LoopCore.Running, core) ? FileBody.SendAsync(Writer, path, offset, count, cancellationToken)
            : inner!.SendFileAsync(path, offset, count, cancellationToken);

    public void DisableBuffering() => inner!.DisableBuffering();

    public override Memory<byte> GetMemory(int sizeHint = 0) => Open.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => Open.GetSpan(sizeHint);

    public override void Advance(int bytes) => Open.Advance(bytes);

    public override void CancelPendingFlush() => Open.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => Open.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null)
    {
        var completing = Open.CompleteAsync(exception);
        return !stays || completing.IsCompletedSuccessfully ? completing : StayingWait<bool>.Wait(core, completing);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) =>
        stays ? StayingWait<FlushResult>.Of(core, Open.FlushAsync(cancellationToken), raw: false) : Open.FlushAsync(cancellationToken);

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        stays ? StayingWait<FlushResult>.Of(core, Open.WriteAsync(source, cancellationToken), raw: false) : Open.WriteAsync(source, cancellationToken);

    // Kestrel's are both in one.
    private static bool HasBody(IFeatureCollection features) =>
        (features as IHttpRequestBodyDetectionFeature ?? features.Get<IHttpRequestBodyDetectionFeature>()) is { CanHaveBody: true };

    private Task Stay(Task task) => !stays || task.IsCompleted ? task : StayingWait<bool>.Wait(core, new ValueTask(task)).AsTask();
}
