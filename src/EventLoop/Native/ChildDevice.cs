using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Native;

/// <summary>
/// One child that was started here: signalled and reaped by its own handle (pidfd), where the system supports that, and otherwise by its number, which is its
/// own as long as nobody has reaped it.
/// </summary>
/// <remarks>Any thread that has it to itself, usually the loop's.</remarks>
internal sealed unsafe class ChildDevice : IDisposable
{
    private const int ByNumber = 1, ByHandle = 3;
    private const int NoHang = 1, Exited = 4, NoWait = 0x1000000;
    private const int NoChild = 10;

    private readonly SafeFileHandle? handle;
    private RawStatus? status;

    private ChildDevice(int id, SafeFileHandle? handle)
    {
        Id = id;
        this.handle = handle;
    }

    /// <summary>Whether to act as if the system had no handles of processes; for tests. Any thread.</summary>
    internal static bool WithoutHandles { get; set; }

    internal int Id { get; }

    /// <summary>A handle that is readable when the child has ended; null where the system has none.</summary>
    internal SafeFileHandle? Handle => handle;

    /// <summary>Whether it was reaped, so that nothing is sent to its number any more.</summary>
    internal bool IsReaped { get; private set; }

    /// <summary>For a child that was just started and that nobody else can have reaped.</summary>
    internal static ChildDevice Open(int id)
    {
        int descriptor = WithoutHandles ? -1 : (int)Libc.SystemCall(Libc.PidfdOpen, id, 0, 0, 0, 0, 0);
        return new ChildDevice(id, descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true));
    }

    /// <summary>For a process that is no child of this one; null: it is gone. Nobody knows whose number it was before this call: check again
    /// afterwards.</summary>
    internal static ChildDevice? OpenStranger(int id)
    {
        int descriptor = (int)Libc.SystemCall(Libc.PidfdOpen, id, 0, 0, 0, 0, 0);
        return descriptor < 0 ? null : new ChildDevice(id, new SafeFileHandle(descriptor, ownsHandle: true));
    }

    /// <summary>Blocks until it has ended, without reaping it. For a thread of its own.</summary>
    internal void WaitForEnd()
    {
        byte* information = stackalloc byte[128];
        while (Wait(information, Exited | NoWait) < 0 && Libc.LastError == Errno.Interrupted)
        {
        }
    }

    /// <summary>How it ended; null: it is running. Does not reap it.</summary>
    internal RawStatus? Peek() => status ??= Ask(Exited | NoWait | NoHang);

    /// <summary>Removes it from the system's process table, once it has ended. False: it is running.</summary>
    internal bool Reap()
    {
        if (!IsReaped)
        {
            var last = Ask(Exited | NoHang);
            if (last is null)
            {
                return false;
            }

            status ??= last;
            IsReaped = true;
        }

        return true;
    }

    /// <summary>Sends a signal. False: it has ended.</summary>
    internal bool Send(int signal)
    {
        if (IsReaped || Peek() is not null)
        {
            return false;
        }

        return handle is null
            ? Libc.Kill(Id, signal) == 0
            : Reference(handle, descriptor => (int)Libc.SystemCall(Libc.PidfdSendSignal, descriptor, signal, 0, 0, 0, 0)) == 0;
    }

    /// <summary>Sends a signal to a process that is no child.</summary>
    internal void SendToStranger(int signal) =>
        _ = Reference(handle!, descriptor => (int)Libc.SystemCall(Libc.PidfdSendSignal, descriptor, signal, 0, 0, 0, 0));

    /// <summary>Sends a signal to everybody in the group that it leads; as long as it was not reaped, the group's number is nobody else's.</summary>
    /// <returns>Whether there was anybody.</returns>
    internal bool SendToGroup(int signal)
    {
        _ = Peek();      // checks whether somebody else has reaped it
        return !IsReaped && Id > 1 && Libc.Kill(-Id, signal) == 0;
    }

    /// <summary>Blocks for a moment to wait for its end.</summary>
    internal bool WaitBriefly(int milliseconds)
    {
        for (int waited = 0; Peek() is null; waited++)
        {
            if (waited >= milliseconds)
            {
                return false;
            }

            if (handle is null)
            {
                Thread.Sleep(1);
                continue;
            }

            Reference(handle, static descriptor =>
            {
                var look = new PollDescriptor { Descriptor = descriptor, Asked = PollDescriptor.Readable };
                return Libc.Poll(&look, 1, 1);
            });
        }

        return true;
    }

    public void Dispose() => handle?.Dispose();

    private int Wait(byte* information, int options)
    {
        new Span<byte>(information, 128).Clear();
        if (handle is null)
        {
            return Libc.WaitId(ByNumber, (uint)Id, information, options);
        }

        bool referenced = false;
        try
        {
            handle.DangerousAddRef(ref referenced);
            return Libc.WaitId(ByHandle, (uint)handle.DangerousGetHandle(), information, options);
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }
        }
    }

    private RawStatus? Ask(int options)
    {
        byte* information = stackalloc byte[128];
        int answer;
        do
        {
            answer = Wait(information, options);
        }
        while (answer < 0 && Libc.LastError == Errno.Interrupted);
        if (answer < 0)
        {
            return Libc.LastError == NoChild ? Lost() : null;
        }

        // siginfo_t: signal, error, code, and at 16 the number, the user and the status.
        int offset = sizeof(nint) == 8 ? 16 : 12;
        const int exited = 1, dumped = 3;
        int code = *(int*)(information + 8), id = *(int*)(information + offset), value = *(int*)(information + offset + 8);
        return id == 0 ? null : code == exited ? new RawStatus(value, 0, false) : new RawStatus(128 + value, value, code == dumped);
    }

    // Somebody else has reaped it. Kernels from 6.15 on still tell how it ended, through the handle.
    private RawStatus Lost()
    {
        const nuint getInformation = 0xC040FF0B;
        IsReaped = true;
        if (handle is not null)
        {
            long* information = stackalloc long[8];
            new Span<long>(information, 8).Clear();
            information[0] = 1 << 3;      // asks for the exit
            int answer = Reference(handle, descriptor => Libc.Control(descriptor, getInformation, (int*)information));
            if (answer == 0 && (information[0] & (1 << 3)) != 0)
            {
                int word = ((int*)information)[15];
                int signal = word & 0x7F;
                return signal == 0 ? new RawStatus((word >> 8) & 0xFF, 0, false) : new RawStatus(128 + signal, signal, (word & 0x80) != 0);
            }
        }

        return new RawStatus(255, 0, false) { IsUnknown = true };
    }

    private static int Reference(SafeHandle handle, Func<int, int> call)
    {
        bool referenced = false;
        try
        {
            handle.DangerousAddRef(ref referenced);
            return call((int)handle.DangerousGetHandle());
        }
        catch (ObjectDisposedException)
        {
            return -1;
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }
        }
    }
}

/// <summary>How a child ended.</summary>
/// <param name="Code">Its exit code, or 128 plus the signal.</param>
/// <param name="Signal">The signal that killed it; zero: it ended by itself.</param>
/// <param name="CoreDumped">Whether it dumped core.</param>
internal readonly record struct RawStatus(int Code, int Signal, bool CoreDumped)
{
    /// <summary>Whether somebody else has reaped it, so that nobody can tell.</summary>
    internal bool IsUnknown { get; init; }
}
