using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace EventLoop.Native;

/// <summary>The system calls. Blittable arguments only, so that each compiles to a direct call; the error number is read right after a call that returned
/// -1.</summary>
internal static unsafe partial class Libc
{
    private const string Name = "libc";        // exactly this: the runtime maps it for glibc and for musl

    internal const int EpollPwait2 = 441;      // by number, because older C libraries have no wrapper

    internal static int LastError => Marshal.GetLastSystemError();

    /// <summary>A function that not every C library has under every name; null where it has none.</summary>
    private static void* Find(string name, string? otherwise = null) =>
        NativeLibrary.TryLoad(Name, typeof(Libc).Assembly, null, out nint library)
            && (NativeLibrary.TryGetExport(library, name, out nint address)
                || (otherwise is not null && NativeLibrary.TryGetExport(library, otherwise, out address)))
            ? (void*)address
            : null;

    [LibraryImport(Name, EntryPoint = "epoll_create1")]
    internal static partial int EpollCreate(int flags);

    [LibraryImport(Name, EntryPoint = "epoll_ctl")]
    internal static partial int EpollControl(int epoll, int operation, int descriptor, byte* change);

    [LibraryImport(Name, EntryPoint = "epoll_wait")]
    internal static partial int EpollWait(int epoll, byte* events, int most, int milliseconds);

    [LibraryImport(Name, EntryPoint = "syscall")]
    internal static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport(Name, EntryPoint = "poll")]
    internal static partial int Poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport(Name, EntryPoint = "eventfd")]
    internal static partial int EventDescriptor(uint initial, int flags);

    [LibraryImport(Name, EntryPoint = "prctl")]
    internal static partial int ProcessControl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Name, EntryPoint = "fcntl")]
    internal static partial int Control(int descriptor, int command, int argument);

    [LibraryImport(Name, EntryPoint = "getrlimit")]
    internal static partial int Limit(int resource, nuint* softAndHard);

    [LibraryImport(Name, EntryPoint = "sched_getaffinity")]
    internal static partial int GetAffinity(int thread, nuint length, byte* mask);

    [LibraryImport(Name, EntryPoint = "sched_setaffinity")]
    internal static partial int SetAffinity(int thread, nuint length, byte* mask);

    [LibraryImport(Name, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport(Name, EntryPoint = "write")]
    internal static partial nint Write(int descriptor, void* bytes, nuint count);

    [LibraryImport(Name, EntryPoint = "socket")]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport(Name, EntryPoint = "bind")]
    internal static partial int Bind(int socket, byte* address, uint length);

    [LibraryImport(Name, EntryPoint = "listen")]
    internal static partial int Listen(int socket, int backlog);

    [LibraryImport(Name, EntryPoint = "accept4")]
    internal static partial int Accept(int socket, byte* address, uint* length, int flags);

    [LibraryImport(Name, EntryPoint = "connect")]
    internal static partial int Connect(int socket, byte* address, uint length);

    [LibraryImport(Name, EntryPoint = "recv")]
    internal static partial nint Receive(int socket, void* buffer, nuint length, int flags);

    [LibraryImport(Name, EntryPoint = "send")]
    internal static partial nint Send(int socket, void* buffer, nuint length, int flags);

    [LibraryImport(Name, EntryPoint = "sendmsg")]
    internal static partial nint SendMessage(int socket, MessageHeader* message, int flags);

    [LibraryImport(Name, EntryPoint = "recvmmsg")]
    internal static partial int ReceiveMessages(int socket, BatchedMessage* messages, uint count, int flags, void* timeout);

    [LibraryImport(Name, EntryPoint = "sendmmsg")]
    internal static partial int SendMessages(int socket, BatchedMessage* messages, uint count, int flags);

    // The name that stands for offsets of 64 bits: from version 1.2.4 on musl gives "sendfile64" to nobody who looks for it, and its "sendfile" has such
    // offsets on every architecture.
    private static readonly delegate* unmanaged<int, int, long*, nuint, nint> KnownSendFile =
        (delegate* unmanaged<int, int, long*, nuint, nint>)Find(nint.Size == 8 ? "sendfile" : "sendfile64", "sendfile");

    internal static nint SendFile(int socket, int file, long* offset, nuint count)
    {
        if (KnownSendFile != null)
        {
            return KnownSendFile(socket, file, offset, count);
        }

        Marshal.SetLastSystemError(Errno.NotImplemented);
        return -1;
    }

    [LibraryImport(Name, EntryPoint = "shutdown")]
    internal static partial int Shutdown(int socket, int how);

    [LibraryImport(Name, EntryPoint = "ioctl")]
    internal static partial int Control(int descriptor, nuint request, int* value);

    /// <summary>How many bytes of what was sent over TCP the peer's system does not have yet, where the end of the sending side counts as one; null if this
    /// system does not say. Linux only.</summary>
    internal static int? Unacknowledged(int descriptor)
    {
        const nuint OutputQueue = 0x5411;
        int count;
        return Control(descriptor, OutputQueue, &count) == 0 ? count : null;
    }

    [LibraryImport(Name, EntryPoint = "getsockopt")]
    internal static partial int GetOption(int socket, int level, int option, void* value, uint* length);

    [LibraryImport(Name, EntryPoint = "setsockopt")]
    internal static partial int SetOption(int socket, int level, int option, void* value, uint length);

    [LibraryImport(Name, EntryPoint = "getsockname")]
    internal static partial int LocalName(int socket, byte* address, uint* length);

    [LibraryImport(Name, EntryPoint = "getpeername")]
    internal static partial int PeerName(int socket, byte* address, uint* length);
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    internal const short Readable = 1;

    internal int Descriptor;
    internal short Asked;
    internal short Answered;
}

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    internal byte* Base;
    internal nuint Length;

    internal IoVector(byte* start, int length)
    {
        Base = start;
        Length = (nuint)length;
    }

    internal readonly ReadOnlySpan<byte> Span => new(Base, (int)Length);
}

/// <summary>struct msghdr; the natural padding of both 32 and 64 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal byte* Name;
    internal uint NameLength;
    internal IoVector* Vectors;
    internal nuint VectorCount;
    internal void* Control;
    internal nuint ControlLength;
    internal int Flags;
}

/// <summary>struct mmsghdr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BatchedMessage
{
    internal MessageHeader Header;
    internal uint Length;
}
