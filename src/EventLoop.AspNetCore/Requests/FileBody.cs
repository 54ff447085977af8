using System.IO.Pipelines;
using EventLoop.IO;

namespace EventLoop.AspNetCore.Requests;

/// <summary>A file, or a part of it, as the body of a response: what the system has in memory is opened and read on the loop's thread, where Kestrel's own
/// way opens and reads each file on the thread pool.</summary>
internal static class FileBody
{
    // What is requested of the writer at a time, and flushed together.
    private const int LargestPiece = 64 * 1024;

    /// <summary>Sends it. Loop thread.</summary>
    /// <param name="writer">The body.</param>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where the part begins.</param>
    /// <param name="count">How much of it; null: all that follows.</param>
    /// <param name="cancellationToken">Ends it between two pieces, and the wait for a client that does not read.</param>
    /// <exception cref="ArgumentOutOfRangeException">The file has no such part.</exception>
    /// <exception cref="FileNotFoundException">There is no such file; other errors as for <see cref="File.OpenHandle"/>.</exception>
    internal static async Task SendAsync(PipeWriter writer, string path, long offset, long? count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        await using var file = await LoopFile.OpenAsync(path, share: FileShare.ReadWrite, options: FileOptions.None);
        long length = file.KnownStatus!.Value.Length;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length);
        long left = count ?? length - offset;
        ArgumentOutOfRangeException.ThrowIfNegative(left, nameof(count));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(left, length - offset, nameof(count));
        while (left > 0)
        {
            int piece = (int)Math.Min(left, LargestPiece);
            int read = await file.ReadAsync(writer.GetMemory(piece)[..piece], offset);
            if (read == 0)
            {
                return;      // it has become shorter: the server notices that less was sent than promised
            }

            writer.Advance(read);
            (offset, left) = (offset + read, left - read);
            if ((await writer.FlushAsync(cancellationToken)).IsCompleted)
            {
                return;      // nobody reads it any more
            }
        }
    }
}
