using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>Reads file contents that are to be sent.</summary>
internal static class FileReads
{
    /// <exception cref="ArgumentOutOfRangeException">No file could have such a part.</exception>
    internal static void CheckRange(long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, long.MaxValue - offset);
    }

    /// <summary>Blocks as long as the disk takes; never on a pipe or a terminal, which it refuses.</summary>
    /// <exception cref="IOException">The file cannot be read; the message says why.</exception>
    /// <exception cref="NotSupportedException">The file has no positions.</exception>
    internal static int Read(SafeFileHandle file, Span<byte> into, long offset)
    {
        try
        {
            _ = RandomAccess.GetLength(file);      // throws where there are no positions
            return RandomAccess.Read(file, into, offset);
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException("The file cannot be sent: its handle was not opened for reading.", refused);
        }
        catch (NotSupportedException refused)
        {
            throw new NotSupportedException("A pipe or a terminal has no positions and cannot be sent as a file: read it, and write what was read.", refused);
        }
    }

    /// <summary>Reads a part of a file into the system's memory; blocks as long as that takes. A failure here occurs again where the file is used.</summary>
    internal static void BringIn(SafeFileHandle file, long offset, long count)
    {
        var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(count, 128 * 1024));
        try
        {
            for (long done = 0; done < count;)
            {
                int read = RandomAccess.Read(file, block.AsSpan(0, (int)Math.Min(block.Length, count - done)), offset + done);
                if (read == 0)
                {
                    return;
                }

                done += read;
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or NotSupportedException or ObjectDisposedException)
        {
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }
}
