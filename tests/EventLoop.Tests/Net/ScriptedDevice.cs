using System.Net;
using System.Net.Sockets;
using EventLoop.Native;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;
using EventLoop.Scheduling;
using Microsoft.Win32.SafeHandles;

namespace EventLoop.Tests.Net;

/// <summary>A socket that answers what the script says, for what no kernel produces on demand. A script that is over answers "would block".</summary>
internal sealed class ScriptedDevice : SocketDevice
{
    internal Queue<int> Receives { get; } = new();

    internal Queue<int> Sends { get; } = new();

    internal Queue<SocketError> Accepts { get; } = new();

    internal Queue<SocketError> Connects { get; } = new();

    internal int Calls { get; private set; }

    internal long SentBytes { get; private set; }

    internal bool IsClosed { get; private set; }

    internal bool WasAborted { get; private set; }

    /// <summary>What the peer's system does not have yet, of what this one has.</summary>
    internal int Queued { get; set; }

    internal override int? Unacknowledged => Queued;

    /// <summary>As if no poller kept it alive.</summary>
    internal bool IsLost { get; set; }

    internal override bool IsKeptByUserOnly => IsLost;

    /// <summary>How often it was asked for its peer while it was open.</summary>
    internal int Questions { get; private set; }

    internal bool IsLossy { get; set; }

    internal override bool MayLoseAtClose => IsLossy;

    internal override EndPoint? LocalEndPoint => new IPEndPoint(IPAddress.Loopback, 1);

    internal override EndPoint? RemoteEndPoint
    {
        get
        {
            Questions += IsClosed ? 0 : 1;
            return new IPEndPoint(IPAddress.Loopback, 2);
        }
    }

    internal LoopSocket Open() => new(LoopCore.Required, this);

    internal void Ready(Readiness readiness) => Owner!.OnReady(readiness);

    internal override void Arm(Readiness interest)
    {
    }

    internal override int Receive(Span<byte> buffer) => Next(Receives);

    internal override bool IsReadable => Receives.TryPeek(out int next) && next != WouldBlock;

    internal override int Send(ReadOnlySpan<byte> bytes) => Sent(Math.Min(Next(Sends), bytes.Length));

    internal override int Send(ReadOnlySpan<IoVector> vectors)
    {
        int all = 0;
        foreach (var vector in vectors)
        {
            all += (int)vector.Length;
        }

        return Sent(Math.Min(Next(Sends), all));
    }

    internal override int SendFile(SafeFileHandle file, long offset, int count) => Sent(Math.Min(Next(Sends), count));

    internal override SocketError Bind(EndPoint endPoint) => SocketError.Success;

    internal override SocketError Listen(int backlog) => SocketError.Success;

    internal override SocketError Accept(out SocketDevice? accepted)
    {
        Calls++;
        var answer = Accepts.TryDequeue(out var next) ? next : SocketError.WouldBlock;
        accepted = answer == SocketError.Success ? new ScriptedDevice() : null;
        (accepted as ScriptedDevice)?.Receives.Enqueue(0);
        return answer;
    }

    internal override SocketError Connect(EndPoint endPoint) => Connects.Dequeue();

    internal override SocketError FinishConnect() => Connects.Dequeue();

    internal override SocketError ShutdownSend() => SocketError.Success;

    internal override int ReceiveFrom(Span<byte> buffer, SocketAddress from, out bool truncated)
    {
        truncated = false;
        return Next(Receives);
    }

    internal override int SendTo(ReadOnlySpan<byte> datagram, SocketAddress? to) => Next(Sends);

    internal override int ReceiveBatch(Span<Datagram> datagrams) => Next(Receives);

    internal override int SendBatch(ReadOnlySpan<Datagram> datagrams) => Next(Sends);

    internal override SocketError Set(SocketSetting setting, int value) => SocketError.Success;

    internal override void Close(bool abort)
    {
        IsClosed = true;
        WasAborted = abort;
    }

    private int Next(Queue<int> script)
    {
        Calls++;
        return script.TryDequeue(out int next) ? next : WouldBlock;
    }

    private int Sent(int count)
    {
        SentBytes += Math.Max(0, count);
        return count;
    }
}
