namespace EventLoop.Polling;

/// <summary>In a worker process: its end of the socket to the pool, which blocks, and is inherited by nobody.</summary>
internal sealed unsafe class WorkerSocket
{
    internal const int Descriptor = 3;
    private const int SetDescriptorFlags = 2, CloseOnExec = 1, KillSignal = 9;

    internal WorkerSocket() => _ = Libc.Control(Descriptor, SetDescriptorFlags, CloseOnExec);

    /// <summary>This process, at once: nobody is left to work for.</summary>
    internal static void EndProcess() => _ = Libc.Kill(Environment.ProcessId, KillSignal);

    /// <summary>All of it, or false at the end.</summary>
    internal bool Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (int count = 0; count < buffer.Length;)
            {
                nint read = Libc.Read(Descriptor, start + count, (nuint)(buffer.Length - count));
                if (read == 0 || (read < 0 && Libc.LastError != Errno.Interrupted))
                {
                    return false;
                }

                count += (int)Math.Max(read, 0);
            }
        }

        return true;
    }

    internal bool Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int count = 0; count < bytes.Length;)
            {
                nint written = Libc.Write(Descriptor, start + count, (nuint)(bytes.Length - count));
                if (written < 0 && Libc.LastError != Errno.Interrupted)
                {
                    return false;
                }

                count += (int)Math.Max(written, 0);
            }
        }

        return true;
    }
}
