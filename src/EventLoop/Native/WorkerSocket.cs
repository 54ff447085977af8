namespace EventLoop.Native;

/// <summary>A worker process's end of the socket to the pool, which blocks, and is inherited by nobody.</summary>
internal sealed unsafe class WorkerSocket
{
    internal const int Descriptor = 3;
    private const int SetDescriptorFlags = 2, CloseOnExec = 1, KillSignal = 9;

    private readonly byte[] ahead = new byte[4096];      // belongs to the reader, like the two fields below
    private int start, end;

    internal WorkerSocket() => _ = Libc.Control(Descriptor, SetDescriptorFlags, CloseOnExec);

    /// <summary>Ends this process at once: nobody is left to work for.</summary>
    internal static void EndProcess() => _ = Libc.Kill(Environment.ProcessId, KillSignal);

    /// <summary>Fills the buffer; false at the end. One thread at a time.</summary>
    internal bool Read(Span<byte> buffer)
    {
        while (true)
        {
            int there = Math.Min(end - start, buffer.Length);
            ahead.AsSpan(start, there).CopyTo(buffer);
            start += there;
            buffer = buffer[there..];
            if (buffer.IsEmpty)
            {
                return true;
            }

            // Small messages arrive together with what follows them; large ones go directly to their destination.
            int read;
            if (buffer.Length < ahead.Length)
            {
                (start, end) = (0, read = Receive(ahead));
            }
            else
            {
                read = Receive(buffer);
                buffer = buffer[read..];
            }

            if (read == 0)
            {
                return false;
            }
        }
    }

    // Zero: the socket is at its end.
    private static int Receive(Span<byte> buffer)
    {
        fixed (byte* to = buffer)
        {
            nint read;
            do
            {
                read = Libc.Read(Descriptor, to, (nuint)buffer.Length);
            }
            while (read < 0 && Libc.LastError == Errno.Interrupted);
            return (int)Math.Max(read, 0);
        }
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
