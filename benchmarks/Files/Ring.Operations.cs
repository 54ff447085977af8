using System.Runtime.InteropServices;
using EventLoop;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Benchmarks.Files;

// What waits, which code with pointers cannot.
internal sealed partial class Ring
{
    /// <param name="file">It stays open until the end.</param>
    /// <param name="buffer">Pinned.</param>
    /// <param name="offset">Of the file.</param>
    internal async Coroutine<int> ReadAsync(SafeFileHandle file, byte[] buffer, long offset) =>
        Submit(Read, file, buffer, offset) is { } end ? Known(await end) : Known(early);

    /// <inheritdoc cref="ReadAsync"/>
    internal async Coroutine<int> WriteAsync(SafeFileHandle file, byte[] buffer, long offset) =>
        Submit(Write, file, buffer, offset) is { } end ? Known(await end) : Known(early);

    private static int Known(int result) => result >= 0 ? result : throw new IOException(Marshal.GetPInvokeErrorMessage(-result));
}
