using EventLoop.Coroutines;
using EventLoop.Scheduling;

namespace EventLoop.Net.Connections;

/// <summary>A connection or pipe as a stream. Any thread.</summary>
/// <param name="end">Closed with the stream.</param>
/// <param name="input">Null: it cannot be read.</param>
/// <param name="output">Null: it cannot be written.</param>
/// <param name="raw">See <see cref="Raw"/>.</param>
internal sealed class PipeStream(StreamOwner end, InputPipe? input, OutputPipe? output, bool raw) : Stream
{
    private volatile bool raw = raw;         // any thread
    private volatile bool isCallerInFlight;  // any thread
    private volatile bool disposed;

    /// <summary>Whether it is used by library code: its continuations run on the loop with no context, and no task's cancellation interrupts them.</summary>
    internal bool Raw
    {
        get => raw;
        set => raw = value;
    }

    /// <summary>Whether callers on other threads are the library's own work, in flight: virtual time stands still while they compute, and goes on while they
    /// wait for the loop.</summary>
    internal bool IsCallerInFlight
    {
        get => isCallerInFlight;
        set => isCallerInFlight = value;
    }

    public override bool CanRead => !disposed && input is not null;

    public override bool CanSeek => false;

    public override bool CanWrite => !disposed && output is not null;

    public override long Length => throw new NotSupportedException($"A {end.Kind} has no length.");

    public override long Position
    {
        get => throw new NotSupportedException($"A {end.Kind} has no position.");
        set => throw new NotSupportedException($"A {end.Kind} has no position.");
    }

    private LoopCore Core => end.Core;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var from = input ?? throw new NotSupportedException($"This {end.Kind} can only be written.");
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            var operation = InputOperation.Rent(from, InputKind.Receive, buffer);
            return ValueTaskBridge<int>.Begin(Core, operation, operation.Version, raw, cancellationToken);
        }

        return ValueTaskBridge<int>.BeginElsewhere(
            Core, () => Made(InputOperation.Rent(from, InputKind.Receive, buffer)), raw, isCallerInFlight, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var to = output ?? throw new NotSupportedException($"This {end.Kind} can only be read.");
        if (ReferenceEquals(LoopCore.Running, Core))
        {
            var operation = OutputOperation.Rent(to, buffer);
            return ValueTaskBridge<int>.BeginWithoutResult(Core, operation, operation.Version, raw, cancellationToken);
        }

        return ValueTaskBridge<int>.BeginElsewhereWithoutResult(
            Core, () => Made(OutputOperation.Rent(to, buffer)), raw, isCallerInFlight, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;       // each write is sent

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        RefuseToBlock(nameof(ReadAsync));
        return ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        RefuseToBlock(nameof(WriteAsync));
        WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException($"A {end.Kind} cannot seek.");

    public override void SetLength(long value) => throw new NotSupportedException($"A {end.Kind} has no length.");

    public override ValueTask DisposeAsync()
    {
        disposed = true;
        return end.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ = DisposeAsync();
        }
    }

    private static (ICoroutineSource<int> Source, long Token) Made(InputOperation operation) => (operation, operation.Version);

    private static (ICoroutineSource<int> Source, long Token) Made(OutputOperation operation) => (operation, operation.Version);

    private void RefuseToBlock(string instead)
    {
        if (Core.IsInLoopThread)
        {
            throw new InvalidOperationException($"This would block the thread of loop '{Core.Loop.Name}', which has to receive what it waits for. Use "
                + $"{instead}.");
        }
    }
}
