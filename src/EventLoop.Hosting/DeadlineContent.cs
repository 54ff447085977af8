using System.Net;

namespace EventLoop.Hosting;

/// <summary>The body of a response, to be read within the deadline of its request.</summary>
internal sealed class DeadlineContent : HttpContent
{
    private readonly HttpContent inner;
    private readonly RequestDeadline limit;
    private readonly bool arrivesAnywhere;

    /// <param name="inner">The body.</param>
    /// <param name="limit">The deadline.</param>
    /// <param name="arrivesAnywhere">Whether it is known to arrive without any loop.</param>
    internal DeadlineContent(HttpContent inner, RequestDeadline limit, bool arrivesAnywhere)
    {
        this.inner = inner;
        this.limit = limit;
        this.arrivesAnywhere = arrivesAnywhere;
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(name, values);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = inner.Headers.ContentLength ?? 0;
        return inner.Headers.ContentLength is not null;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        limit.RunAsync(
            inner,
            static async (inner, stream, token) =>
            {
                await inner.CopyToAsync(stream, token).ConfigureAwait(false);
                return true;
            },
            stream,
            cancellationToken);

    // By asynchronous reads: synchronous ones heed no token.
    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var body = (DeadlineStream)CreateContentReadStream(cancellationToken);
        body.CopyTo(stream, cancellationToken);
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) =>
        new DeadlineStream(inner.ReadAsStream(cancellationToken), limit, arrivesAnywhere);

    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new DeadlineStream(await inner.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), limit, arrivesAnywhere);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            limit.Dispose();
        }

        base.Dispose(disposing);
    }
}
