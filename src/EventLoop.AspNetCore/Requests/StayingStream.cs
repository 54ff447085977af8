using EventLoop.Scheduling;
using Microsoft.AspNetCore.Http.Features;

namespace EventLoop.AspNetCore.Requests;

/// <summary>A body as a stream, whose waits end on the loop, unless that is not wanted (<see cref="EventLoopServerOptions.BodiesStay"/>).</summary>
/// <remarks>Synchronous calls, where the server allows them, never wait on the loop's thread: what they would wait for comes by this thread only.</remarks>
internal sealed class StayingStream(LoopCore core, Stream inner, IFeatureCollection features, bool stays) : Stream
{
    private bool IsHere => ReferenceEquals(LoopCore.Running, core);

    // Where it does not, Kestrel's own exception says so.
    private bool AllowsSynchronousCalls => features.Get<IHttpBodyControlFeature>() is { AllowSynchronousIO: true };

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override bool CanTimeout => inner.CanTimeout;

    public override int ReadTimeout { get => inner.ReadTimeout; set => inner.ReadTimeout = value; }

    public override int WriteTimeout { get => inner.WriteTimeout; set => inner.WriteTimeout = value; }

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => inner.Position = value; }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        stays ? StayingWait<int>.Of(core, inner.ReadAsync(buffer, cancellationToken), raw: true) : inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        stays ? StayingWait<bool>.Wait(core, inner.WriteAsync(buffer, cancellationToken)) : inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state)
    {
        ValidateBufferArguments(buffer, offset, count);
        return TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);
    }

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state)
    {
        ValidateBufferArguments(buffer, offset, count);
        return TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);
    }

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        var flush = inner.FlushAsync(cancellationToken);
        return !stays || flush.IsCompletedSuccessfully ? flush : StayingWait<bool>.Wait(core, new ValueTask(flush)).AsTask();
    }

    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
        base.CopyToAsync(destination, bufferSize, cancellationToken);

    public override void Flush()
    {
        if (IsHere && AllowsSynchronousCalls)
        {
            StartWithoutWaiting(new ValueTask(inner.FlushAsync(CancellationToken.None)));
        }
        else
        {
            inner.Flush();
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int Read(Span<byte> buffer)
    {
        if (!IsHere || !AllowsSynchronousCalls)
        {
            return inner.Read(buffer);
        }

        byte[] block = new byte[buffer.Length];      // a read that is left behind may still write to it
        var read = inner.ReadAsync(block);
        if (!read.IsCompleted)
        {
            Observe(read.AsTask());
            throw WouldWait("The rest of this body has not arrived, and this thread, which the synchronous read would block, is the one that receives it. "
                + "Await ReadAsync");
        }

        int count = read.Result;
        block.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (IsHere && AllowsSynchronousCalls)
        {
            StartWithoutWaiting(inner.WriteAsync(buffer.ToArray()));
        }
        else
        {
            inner.Write(buffer);
        }
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("The body of a request or answer has no positions.");

    public override void SetLength(long value) => throw new NotSupportedException("The body of a request or answer has no length to set.");

    /// <summary>The refusal of a synchronous call that would block the loop until the loop itself does something.</summary>
    internal static InvalidOperationException WouldWait(string why) => new($"{why}, or make the synchronous call on another thread: Loop.ToThread(...).");

    // What was accepted is not lost, but the rest may not be written before that.
    private static void StartWithoutWaiting(ValueTask operation)
    {
        if (operation.IsCompleted)
        {
            operation.GetAwaiter().GetResult();
            return;
        }

        Observe(operation.AsTask());
        throw WouldWait("The client has not taken what was written before, and this thread, which the synchronous write would block, is the one that "
            + "sends it. Await WriteAsync");
    }

    private static void Observe(Task task) => task.ContinueWith(
        static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
}
