using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using EventLoop.Native;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Polling;

/// <summary>A Linux socket, by its descriptor. All calls on it come from the loop's thread, so nobody can close it between the read of the number and the
/// call.</summary>
internal sealed unsafe partial class EpollSocket : SocketDevice
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;
    private const int DuplicateCloseOnExec = 1030;
    private const int LongestAddress = 128;
    private const uint Events = EpollPoller.In | EpollPoller.Urgent | EpollPoller.Out | EpollPoller.PeerClosed | EpollPoller.EdgeTriggered;

    private EpollPoller poller;
    private readonly AddressFamily family;
    private Socket? owner;                   // has another descriptor for the same socket: where it came from, or what AsSocket has made. Interlocked
    private int descriptor;
    private SocketAddress? peer;
    private ulong peerOfIPv4;                // of an accepted connection: the beginning of a sockaddr_in, which is all that it says; zero for others
    private SocketAddress? local;            // once it cannot change any more
    private bool namesDiffer;                // its connections have other local addresses than the listener

    private EpollSocket(EpollPoller poller, int descriptor, AddressFamily family, bool isTcp, Socket? owner = null)
    {
        this.poller = poller;
        this.descriptor = descriptor;
        this.family = family;
        this.owner = owner;
        IsTcp = isTcp;
    }

    // Dropped together with its loop, or on a loop that was closed before it had to wait for it. A live loop may be about to close it, too.
    ~EpollSocket()
    {
        int number = Interlocked.Exchange(ref descriptor, -1);
        if (number >= 0)
        {
            _ = Libc.Close(number);
        }
    }

    internal static EpollSocket Open(EpollPoller poller, AddressFamily family, SocketType type, ProtocolType protocol)
    {
        int domain = family switch
        {
            AddressFamily.InterNetwork => 2,
            AddressFamily.InterNetworkV6 => 10,
            AddressFamily.Unix => 1,
            _ => throw new SocketException((int)SocketError.AddressFamilyNotSupported),
        };
        int kind = type switch
        {
            SocketType.Stream => 1,
            SocketType.Dgram => 2,
            _ => throw new SocketException((int)SocketError.SocketNotSupported),
        };
        int descriptor = Libc.Socket(domain, kind | NonBlocking | CloseOnExec, domain == 1 ? 0 : (int)protocol);
        return descriptor >= 0
            ? new EpollSocket(poller, descriptor, family, type == SocketType.Stream && domain != 1)
            : throw new SocketException((int)Errno.ToSocketError(Libc.LastError));
    }

    // With a descriptor of its own: if somebody disposes the socket nevertheless, its number becomes another file's, which must not be used here.
    internal static EpollSocket Adopt(EpollPoller poller, Socket socket)
    {
        socket.Blocking = false;
        var handle = socket.SafeHandle;
        bool referenced = false;
        try
        {
            handle.DangerousAddRef(ref referenced);
            int descriptor = Libc.Control((int)handle.DangerousGetHandle(), DuplicateCloseOnExec, 0);
            if (descriptor < 0)
            {
                throw new SocketException((int)Errno.ToSocketError(Libc.LastError));
            }

            bool isTcp = socket.SocketType == SocketType.Stream && socket.ProtocolType == ProtocolType.Tcp;
            var taken = new EpollSocket(poller, descriptor, socket.AddressFamily, isTcp, socket) { IsForeign = true };
            taken.peer = taken.AskPeer();
            taken.local = taken.peer is null ? null : taken.AskLocal();
            return taken;
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }
        }
    }

    internal override void Leave()
    {
    }

    internal override void Join(IPoller poller) => this.poller = (EpollPoller)poller;

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
                count = Libc.Receive(descriptor, start, (nuint)buffer.Length, 0);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            int answer = count >= 0 ? (int)count : LastFailure();
            if (answer > 0)
            {
                poller.NoteReceived(answer);
            }

            return buffer.IsEmpty ? answer : ReceiveAnswer(answer);
        }
    }

    internal override bool IsKeptByUserOnly => Slot < 0;

    internal override bool ReportsHangUps => true;

    internal override bool IsReadable => Look(EpollPoller.In);

    private bool IsWritable => Look(EpollPoller.Out);

    private bool Look(uint asked)
    {
        var look = new PollDescriptor { Descriptor = descriptor, Asked = (short)asked };
        return Libc.Poll(&look, 1, 0) != 0;
    }

    internal override int Send(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            nint count;
            do
            {
                count = Libc.Send(descriptor, start, (nuint)bytes.Length, NoSignal);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            return SendAnswer(count >= 0 ? (int)count : LastFailure());
        }
    }

    internal override int Send(ReadOnlySpan<IoVector> vectors)
    {
        fixed (IoVector* first = vectors)
        {
            var message = new MessageHeader { Vectors = first, VectorCount = (nuint)vectors.Length };
            nint count;
            do
            {
                count = Libc.SendMessage(descriptor, &message, NoSignal);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            return SendAnswer(count >= 0 ? (int)count : LastFailure());
        }
    }

    internal override int SendFile(SafeFileHandle file, long offset, int count)
    {
        bool referenced = false;
        try
        {
            file.DangerousAddRef(ref referenced);
            nint sent;
            do
            {
                long position = offset;
                sent = Libc.SendFile(descriptor, (int)file.DangerousGetHandle(), &position, (nuint)count);
            }
            while (sent < 0 && Libc.LastError == Errno.Interrupted);
            if (sent >= 0)
            {
                return (int)sent;
            }

            // It seems to be the file's fault: reading it works, or reports the reason. "Try again" can be the file's as well, and then no readiness of the
            // socket would ever be reported.
            return Libc.LastError switch
            {
                Errno.Again when !IsWritable => WouldBlock,
                Errno.Again or Errno.Invalid or Errno.NotImplemented or Errno.NotSupported or Errno.NoPositions or Errno.BadDescriptor or Errno.InputOutput
                    or Errno.TooLarge or Errno.NotPermitted or Errno.NoAccess or Errno.Overflow => SendByReading(file, offset, count),
                _ => SendAnswer(LastFailure()),
            };
        }
        finally
        {
            if (referenced)
            {
                file.DangerousRelease();
            }
        }
    }

    internal override SocketError Bind(EndPoint endPoint)
    {
        var address = endPoint.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
        {
            return Checked(Libc.Bind(descriptor, bytes, (uint)address.Size));
        }
    }

    internal override SocketError Listen(int backlog) => Checked(Libc.Listen(descriptor, backlog));

    internal override SocketError Accept(out SocketDevice? accepted)
    {
        byte* name = stackalloc byte[LongestAddress];
        uint length;
        int socket;
        do
        {
            length = LongestAddress;
            socket = Libc.Accept(descriptor, name, &length, NonBlocking | CloseOnExec);
        }
        while (socket < 0 && Libc.LastError == Errno.Interrupted);
        if (socket >= 0)
        {
            // The addresses are kept: once the connection is reset, nobody can ask for them any more.
            var connection = new EpollSocket(poller, socket, family, IsTcp);
            if (family == AddressFamily.InterNetwork && length >= sizeof(ulong))
            {
                connection.peerOfIPv4 = Unsafe.ReadUnaligned<ulong>(name);
            }
            else
            {
                connection.peer = ToAddress(name, length);
            }

            connection.local = LocalOfAccepted() ?? connection.AskLocal();
            accepted = connection;
            return SocketError.Success;
        }

        accepted = null;
        return Errno.ToSocketError(Libc.LastError);
    }

    internal override SocketError Connect(EndPoint endPoint)
    {
        var address = endPoint.Serialize();
        fixed (byte* bytes = address.Buffer.Span)
        {
            if (Libc.Connect(descriptor, bytes, (uint)address.Size) == 0)
            {
                return SocketError.Success;
            }
        }

        // An interrupted connect continues by itself, like one in progress. EAGAIN comes from Unix sockets only: their backlog is full.
        return Libc.LastError switch
        {
            Errno.InProgress or Errno.Interrupted => SocketError.WouldBlock,
            Errno.Again => SocketError.TryAgain,
            Errno.NoEntry => SocketError.AddressNotAvailable,
            int error => Errno.ToSocketError(error),
        };
    }

    internal override SocketError FinishConnect()
    {
        int error = 0;
        uint length = sizeof(int);
        const int SocketLevel = 1, PendingError = 4;
        return Libc.GetOption(descriptor, SocketLevel, PendingError, &error, &length) < 0
            ? Errno.ToSocketError(Libc.LastError)
            : error == 0 ? SocketError.Success : Errno.ToSocketError(error);
    }

    internal override SocketError ShutdownSend() => Checked(Libc.Shutdown(descriptor, 1));

    internal override bool ResetsOverUnread => IsTcp || family == AddressFamily.Unix;

    internal override bool MayLoseAtClose => IsTcp;

    internal override int? Unacknowledged => IsTcp ? Libc.Unacknowledged(descriptor) : 0;

    internal override void Close(bool abort)
    {
        int number = Interlocked.Exchange(ref descriptor, -1);      // the finalizer may be about to close it
        if (number < 0)
        {
            return;
        }

        GC.SuppressFinalize(this);
        SpinWait duplicates = default;
        while (Volatile.Read(ref duplicating) != 0)
        {
            duplicates.SpinOnce(sleep1Threshold: -1);      // one system call of another thread, which has read the number
        }

        poller.Remove(this, number);
        if (abort)
        {
            const int SocketLevel = 1, Linger = 13;
            int* resetNow = stackalloc int[2];
            resetNow[0] = 1;
            resetNow[1] = 0;
            _ = Libc.SetOption(number, SocketLevel, Linger, resetNow, 2 * sizeof(int));
        }

        _ = Libc.Close(number);       // never repeated: Linux frees the number even if a signal interrupts the call
        Volatile.Read(ref owner)?.Dispose();      // the peer sees the end, or the reset, when the last descriptor is closed
    }

    private SocketAddress? ToAddress(byte* name, uint length)
    {
        if (length < 2)
        {
            return null;
        }

        var address = new SocketAddress(family, (int)Math.Max(length, 3));
        new ReadOnlySpan<byte>(name, (int)length).CopyTo(address.Buffer.Span);
        address.Size = (int)length;
        return address;
    }

    internal static EndPoint Template(AddressFamily family) => family switch
    {
        AddressFamily.Unix => new UnixDomainSocketEndPoint("."),
        AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Any, 0),
        _ => new IPEndPoint(IPAddress.Any, 0),
    };

    private static SocketError Checked(int result) => result >= 0 ? SocketError.Success : Errno.ToSocketError(Libc.LastError);

    // Separate, so that the ordinary "nothing there" costs one comparison.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LastFailure()
    {
        int error = Libc.LastError;
        return error == Errno.Again ? WouldBlock : Answer(Errno.ToSocketError(error));
    }
}
