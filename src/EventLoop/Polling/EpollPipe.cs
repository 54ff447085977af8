using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>One end of a pipe, or a terminal, by its descriptor. Loop thread only.</summary>
internal sealed unsafe class EpollPipe : StreamDevice
{
    private const uint Events = EpollPoller.In | EpollPoller.Out | EpollPoller.PeerClosed | EpollPoller.EdgeTriggered;
    private const int GetFlags = 3, SetFlags = 4, NonBlocking = 0x800;
    private const nuint BytesThere = 0x541B;

    private readonly EpollPoller poller;
    private readonly SafeFileHandle handle;
    private readonly SafeFileHandle? from;      // the user's handle, for which this has a copy
    private readonly bool isOurs;
    private int descriptor;

    // Its handle closes it when it is dropped together with its loop.
    private EpollPipe(EpollPoller poller, SafeFileHandle handle, bool isOurs, SafeFileHandle? from)
    {
        this.from = from;
        this.poller = poller;
        this.handle = handle;
        this.isOurs = isOurs;
        descriptor = (int)handle.DangerousGetHandle();
    }

    /// <param name="poller">The poller that takes it over.</param>
    /// <param name="handle">Closed together with it.</param>
    /// <param name="isOurs">Whether it is a system pipe, non-blocking already, whose end nobody else uses.</param>
    /// <exception cref="IOException">The handle cannot be polled.</exception>
    internal static EpollPipe Adopt(EpollPoller poller, SafeFileHandle handle, bool isOurs)
    {
        ObjectDisposedException.ThrowIf(handle.IsClosed || handle.IsInvalid, handle);
        var pipe = new EpollPipe(poller, isOurs ? handle : Copy(handle), isOurs, isOurs ? null : handle);
        if (!isOurs)
        {
            // Now and not at the first wait: a regular file would never have to wait, and would block the loop.
            try
            {
                poller.Register(pipe, pipe.descriptor, Events);
            }
            catch (IOException)
            {
                pipe.handle.Dispose();
                throw;
            }

            int flags = Libc.Control(pipe.descriptor, GetFlags, 0);
            if (flags < 0 || Libc.Control(pipe.descriptor, SetFlags, flags | NonBlocking) < 0)
            {
                int error = Libc.LastError;
                poller.Remove(pipe, pipe.descriptor);
                pipe.handle.Dispose();
                throw new IOException($"The descriptor cannot be made non-blocking: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(error)}.",
                    error);
            }
        }

        return pipe;
    }

    /// <summary>Whether a short read has emptied it: not for handles that others may have set up; a terminal returns a line at a time.</summary>
    internal override bool ShortMeansEmpty => isOurs;

    internal override void Arm(Readiness interest)
    {
        if (Slot < 0)
        {
            poller.Register(this, descriptor, Events);
        }
    }

    internal override int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint count;
            do
            {
                count = Libc.Read(descriptor, start, (nuint)buffer.Length);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            if (count > 0)
            {
                poller.NoteReceived((int)count);
            }

            return count >= 0 ? (int)count : LastFailure(reads: true);
        }
    }

    internal override bool IsReadable => (Look(EpollPoller.In) & (EpollPoller.In | EpollPoller.HangUp | EpollPoller.Error)) != 0;

    /// <summary>Whether nobody holds the other end any more.</summary>
    internal bool IsHungUp => (Look(0) & (EpollPoller.HangUp | EpollPoller.Error)) != 0;

    /// <summary>How many bytes can be read now.</summary>
    internal int Available
    {
        get
        {
            int count = 0;
            return Libc.Control(descriptor, BytesThere, &count) == 0 ? count : 0;
        }
    }

    /// <summary>Makes room in the pipe for what is written ahead of its reader, as far as the system allows: the two have to wait for each other less
    /// often.</summary>
    internal void Enlarge(int size)
    {
        const int setPipeSize = 1031;
        _ = Libc.Control(descriptor, setPipeSize, size);
    }

    private uint Look(uint asked)
    {
        var look = new PollDescriptor { Descriptor = descriptor, Asked = (short)asked };
        return Libc.Poll(&look, 1, 0) > 0 ? (ushort)look.Answered : 0u;
    }

    internal override int Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint count;
            do
            {
                count = Libc.Write(descriptor, start, (nuint)bytes.Length);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            return count >= 0 ? (int)count : LastFailure(reads: false);
        }
    }

    internal override int Send(ReadOnlySpan<IoVector> vectors)
    {
        fixed (IoVector* first = vectors)
        {
            nint count;
            do
            {
                count = Libc.WriteVectors(descriptor, first, vectors.Length);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            return count >= 0 ? (int)count : LastFailure(reads: false);
        }
    }

    internal override void Close(bool abort)
    {
        int number = Interlocked.Exchange(ref descriptor, -1);
        if (number >= 0)
        {
            poller.Remove(this, number);
            handle.Dispose();
            from?.Dispose();
        }
    }

    // If somebody disposes the handle that they gave, its number becomes another file's, which must not be used here.
    private static SafeFileHandle Copy(SafeFileHandle given)
    {
        const int DuplicateCloseOnExec = 1030;
        bool referenced = false;
        try
        {
            given.DangerousAddRef(ref referenced);
            int copy = Libc.Control((int)given.DangerousGetHandle(), DuplicateCloseOnExec, 0);
            return copy >= 0 ? new SafeFileHandle(copy, ownsHandle: true)
                : throw new IOException($"The descriptor cannot be used: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(Libc.LastError)}.",
                    Libc.LastError);
        }
        finally
        {
            if (referenced)
            {
                given.DangerousRelease();
            }
        }
    }

    // A terminal whose other side is closed returns EIO, which is its end.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LastFailure(bool reads)
    {
        int error = Libc.LastError;
        return error == Errno.Again ? WouldBlock : error == Errno.InputOutput && reads ? 0 : Answer(Errno.ToSocketError(error));
    }
}
