using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>
/// Linux's epoll on the loop's own thread. Sockets are registered once, edge-triggered, for both directions, and only when they first have to wait. Loop
/// thread only, except <see cref="Wake"/>.
/// </summary>
internal sealed unsafe class EpollPoller : IPoller
{
    internal const uint In = 0x1, Urgent = 0x2, Out = 0x4, Error = 0x8, HangUp = 0x10, PeerClosed = 0x2000, EdgeTriggered = 1u << 31;
    private const uint Once = 1u << 30;

    private const int Add = 1, Delete = 2, Modify = 3;
    private const int MostEvents = 512;

    // What one poll receives stays in memory until the steps behind it have run: each connection has blocks of its own for it, and what does not fit into the
    // processor's cache is read from memory twice. So a poll goes so far only, and leaves the rest to the next one.
    private const long MostReceived = 512 * 1024;

    private const int CloseOnExec = 0x80000, NonBlocking = 0x800;
    private const ulong WakeKey = ulong.MaxValue;
    private const int SetTimerSlack = 29;

    // struct epoll_event is packed on x86 only.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 12 : 16;
    private static readonly int DataOffset = Stride - 8;
    private static bool noNanoseconds;               // any thread: the kernel has no epoll_pwait2

    private int epoll;                               // -1: closed, and the number may belong to another file
    private readonly SafeFileHandle handle;          // of epoll: closes it when a loop is dropped
    private volatile SafeFileHandle wake;            // any thread, while it is referenced
    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(MostEvents * 16, pinned: true);
    private readonly byte* events;                   // into the buffer
    private readonly PollTable table = new();
    private int nextLeft, leftEvents;                // those whose receivers are to be tried again
    private long received;                           // since the poll began
    private int slackThread;                         // the thread whose timer slack was minimized
    private bool disposed;

    private EpollPoller(int epoll, int wake)
    {
        this.epoll = epoll;
        handle = new SafeFileHandle(epoll, ownsHandle: true);
        events = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(buffer));
        this.wake = new SafeFileHandle(wake, ownsHandle: true);

        // Edge-triggered and never read: each write is an event, and the loop takes its inbox whatever woke it.
        Control(Add, wake, In | EdgeTriggered, WakeKey);
    }

    public string Name => "epoll";

    public bool HasPipes => true;

    public bool HasSources => table.Count > 0;

    /// <summary>Null if the system has no descriptors left, or forbids it.</summary>
    internal static EpollPoller? TryCreate()
    {
        int epoll = Libc.EpollCreate(CloseOnExec);
        int wake = epoll < 0 ? -1 : Libc.EventDescriptor(0, CloseOnExec | NonBlocking);
        if (wake >= 0)
        {
            return new EpollPoller(epoll, wake);
        }

        if (epoll >= 0)
        {
            _ = Libc.Close(epoll);
        }

        return null;
    }

    internal static EpollPoller Create() => TryCreate() ?? throw Failed("An epoll poller could not be made", Libc.LastError);

    public void Poll(long timeout)
    {
        received = 0;
        if (leftEvents > 0)
        {
            PollLeft();
            return;
        }

        if (timeout == 0 && table.Count == 0)
        {
            return;
        }

        int count = timeout <= 0 || noNanoseconds ? WaitMilliseconds(timeout) : WaitNanoseconds(timeout);
        for (int i = 0; i < count; i++)
        {
            byte* at = events + (i * Stride);
            if (table.Find(Unsafe.ReadUnaligned<ulong>(at + DataOffset)) is not { } source)
            {
                continue;
            }

            var readiness = ToReadiness(*(uint*)at);
            if (received < MostReceived || source is not StreamDevice)
            {
                source.OnReady(readiness);
                continue;
            }

            if (leftEvents == 0)
            {
                nextLeft = i;
                leftEvents = count - i;
            }

            source.OnReady(readiness | Readiness.Later);
        }
    }

    // What every source was told of is tried now, as far as one poll goes.
    private void PollLeft()
    {
        for (; leftEvents > 0 && received < MostReceived; leftEvents--)
        {
            byte* at = events + (nextLeft++ * Stride);
            (table.Find(Unsafe.ReadUnaligned<ulong>(at + DataOffset)) as StreamDevice)?.OnReady(Readiness.Again);
        }
    }

    /// <summary>A source has received something.</summary>
    internal void NoteReceived(int bytes) => received += bytes;

    public void Wake()
    {
        // Referenced, because the loop may be closed at this moment and the number belong to another file.
        bool referenced = false;
        var to = wake;
        try
        {
            to.DangerousAddRef(ref referenced);
            ulong one = 1;
            _ = Libc.Write((int)to.DangerousGetHandle(), &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
        }
        finally
        {
            if (referenced)
            {
                to.DangerousRelease();
            }
        }
    }

    public void RenewWake()
    {
        int made = Libc.EventDescriptor(0, CloseOnExec | NonBlocking);
        if (made < 0)
        {
            return;
        }

        // The old one is not closed: if somebody else has done so, its number belongs to another file by now.
        if (TryControl(Add, made, In | EdgeTriggered, WakeKey) == 0)
        {
            var old = wake;
            wake = new SafeFileHandle(made, ownsHandle: true);
            old.SetHandleAsInvalid();
        }
        else
        {
            _ = Libc.Close(made);
        }
    }

    public SocketDevice Open(AddressFamily family, SocketType type, ProtocolType protocol) => EpollSocket.Open(this, family, type, protocol);

    public SocketDevice Adopt(Socket socket) => EpollSocket.Adopt(this, socket);

    public StreamDevice AdoptPipe(SafeFileHandle handle, bool isOurs) => EpollPipe.Adopt(this, handle, isOurs);

    public void Watch(PollSource source, SafeHandle handle, Readiness interest)
    {
        if (interest == Readiness.None && source.Slot < 0)
        {
            return;
        }

        // Referenced during the call only: whoever closes a socket waits until nobody holds it. Linux removes closed descriptors by itself.
        bool referenced = false;
        try
        {
            TryReference(handle, ref referenced, mustSucceed: interest != Readiness.None);
            int descriptor = (int)handle.DangerousGetHandle();
            uint mask = Once | ((interest & Readiness.Readable) != 0 ? In | PeerClosed : 0) | ((interest & Readiness.Writable) != 0 ? Out : 0);
            if (interest == Readiness.None)
            {
                Remove(source, referenced ? descriptor : -1);
            }
            else if (source.Slot >= 0)
            {
                Control(Modify, descriptor, mask, table.KeyOf(source));
            }
            else
            {
                Register(source, descriptor, mask);
            }
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>Registers a source; if it is ready already, the next poll reports that.</summary>
    internal void Register(PollSource source, int descriptor, uint mask)
    {
        ulong key = table.Add(source);
        int error = TryControl(Add, descriptor, mask, key);
        if (error != 0)
        {
            table.Remove(source);
            throw Failed(
                error == Errno.NotPermitted ? "This descriptor cannot be polled (regular files are always ready; use Loop.ToThread for them)"
                : error == Errno.Exists ? "This descriptor is registered with the loop already"
                : "The descriptor could not be registered with epoll",
                error);
        }
    }

    /// <summary>Called before the descriptor is closed: a copy of it in a child process would keep the registration alive.</summary>
    /// <param name="source">The source that leaves.</param>
    /// <param name="descriptor">-1: closed already.</param>
    internal void Remove(PollSource source, int descriptor)
    {
        if (source.Slot >= 0 && !disposed)
        {
            if (descriptor >= 0)
            {
                TryControl(Delete, descriptor, 0, 0);
            }

            table.Remove(source);
        }
    }

    public void Dispose()
    {
        if (disposed)
        {
            return;
        }

        foreach (var source in table.Snapshot())
        {
            (source as StreamDevice)?.Owner?.OnLoopClosed();
        }

        disposed = true;
        epoll = -1;
        wake.Dispose();
        handle.Dispose();
        if (slackThread == Environment.CurrentManagedThreadId)
        {
            _ = Libc.ProcessControl(SetTimerSlack, 0, 0, 0, 0);       // zero: the thread's default
        }
    }

    private int WaitMilliseconds(long timeout)
    {
        int milliseconds = timeout < 0 ? -1 : (int)Math.Min((timeout + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond, int.MaxValue);
        return Libc.EpollWait(epoll, events, MostEvents, milliseconds);       // -1: a signal came, and another turn follows
    }

    private int WaitNanoseconds(long timeout)
    {
        // Not the call but the slack delays a timer: the kernel may be 50 us late in order to batch wake-ups.
        if (slackThread != Environment.CurrentManagedThreadId)
        {
            slackThread = Environment.CurrentManagedThreadId;
            _ = Libc.ProcessControl(SetTimerSlack, 1000, 0, 0, 0);
        }

        long* time = stackalloc long[2];
        time[0] = timeout / TimeSpan.TicksPerSecond;
        time[1] = timeout % TimeSpan.TicksPerSecond * 100;
        int count = (int)Libc.SystemCall(Libc.EpollPwait2, epoll, (nint)events, MostEvents, (nint)time, 0, 0);
        if (count >= 0)
        {
            return count;
        }

        if (Libc.LastError is Errno.NotImplemented or Errno.NotPermitted)
        {
            noNanoseconds = true;
            return WaitMilliseconds(timeout);
        }

        return 0;
    }

    /// <summary>Writes a struct epoll_event; also for code that has an epoll of its own.</summary>
    internal static void Write(byte* change, uint mask, ulong key)
    {
        *(uint*)change = mask;
        Unsafe.WriteUnaligned(change + DataOffset, key);
    }

    internal static ulong ReadKey(byte* change) => Unsafe.ReadUnaligned<ulong>(change + DataOffset);

    private static Readiness ToReadiness(uint mask)
    {
        var readiness = Readiness.None;
        if ((mask & In) != 0)
        {
            readiness |= Readiness.Readable;
        }

        if ((mask & Out) != 0)
        {
            readiness |= Readiness.Writable;
        }

        if ((mask & (Error | HangUp)) != 0)
        {
            readiness |= Readiness.Readable | Readiness.Writable | Readiness.HangUp;
        }

        if ((mask & PeerClosed) != 0)
        {
            readiness |= Readiness.Readable | Readiness.HangUp;
        }

        if ((mask & Urgent) != 0)
        {
            readiness |= Readiness.Urgent;
        }

        return readiness;
    }

    private static void TryReference(SafeHandle handle, ref bool referenced, bool mustSucceed)
    {
        try
        {
            handle.DangerousAddRef(ref referenced);
        }
        catch (ObjectDisposedException) when (!mustSucceed)
        {
        }
    }

    private void Control(int operation, int descriptor, uint mask, ulong key)
    {
        if (TryControl(operation, descriptor, mask, key) is not 0 and int error)
        {
            throw Failed("The descriptor could not be registered with epoll", error);
        }
    }

    private int TryControl(int operation, int descriptor, uint mask, ulong key)
    {
        byte* change = stackalloc byte[16];
        Write(change, mask, key);
        return Libc.EpollControl(epoll, operation, descriptor, change) == 0 ? 0 : Libc.LastError;
    }

    private static IOException Failed(string what, int errno) => new($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
}
