using System.Net.Sockets;
using EventLoop.Net;
using EventLoop.Net.Sockets;
using EventLoop.Polling;

namespace EventLoop.Tests.Net;

/// <summary>Every short story of a socket: what the network does, the looks of the poller and the steps of the reader, in each order.</summary>
public sealed class ReadinessProtocolTests() : IoTest(PollerKind.Auto)
{
    private const int BufferSize = 4;
    private const int Length = 5;

    // D: a few bytes arrive, F: enough to fill the buffer, U: urgent data with ordinary ones behind, E: the end, X: a reset;
    // P: the poller looks, R: the reader takes its next step, L: it looks whether there is something.
    private const string Moves = "DFUEXPRL";

    [Theory]
    [InlineData("not registered")]
    [InlineData("registered and waiting")]
    [InlineData("connecting")]
    public void No_wake_up_is_lost_in_whatever_order_things_happen(string start) => RunLoop(async () =>
    {
        int stories = (int)Math.Pow(Moves.Length, Length);
        for (int number = 0; number < stories; number++)
        {
            string story = Story(number);
            var device = new ModelDevice();
            var socket = device.Open();
            var reader = new Reader(socket);
            if (start == "registered and waiting")
            {
                reader.Step();
                reader.Step();
            }
            else if (start == "connecting")
            {
                reader.Connect();
                device.Connected();
            }

            foreach (char move in story)
            {
                Play(move, device, reader);
            }

            // From here on nothing changes any more: whoever waits is told, or has missed something.
            for (int quiet = 0; quiet < 2; quiet++)
            {
                while (device.Poll() || reader.Step())
                {
                    quiet = 0;
                }

                await Loop.Yield();      // what was told between an attempt and its wait
            }

            if (reader.Received != device.Sent || reader.HasEnded != device.HasEnd)
            {
                throw new InvalidOperationException($"{start}, {story}: {reader.Received} of {device.Sent} bytes, end: {reader.HasEnded} of {device.HasEnd}");
            }

            socket.Close();
        }
    }, Options);

    private static void Play(char move, ModelDevice device, Reader reader)
    {
        switch (move)
        {
            case 'D':
                device.Arrive(BufferSize - 1);
                break;
            case 'F':
                device.Arrive(BufferSize);
                break;
            case 'U':
                device.Arrive(BufferSize - 1, behindMark: true);
                break;
            case 'E':
                device.End();
                break;
            case 'X':
                device.Reset();
                break;
            case 'P':
                device.Poll();
                break;
            case 'R':
                reader.Step();
                break;
            default:
                reader.Look();
                break;
        }
    }

    private static string Story(int number)
    {
        Span<char> story = stackalloc char[Length];
        foreach (ref char move in story)
        {
            (number, int which) = Math.DivRem(number, Moves.Length);
            move = Moves[which];
        }

        return new string(story);
    }

    /// <summary>Receives for ever; between an attempt in vain and its wait anything may happen.</summary>
    private sealed class Reader(LoopSocket socket) : SocketWaiter
    {
        private readonly byte[] buffer = new byte[BufferSize];
        private bool connecting;
        private bool parked;
        private bool foundNothing;

        internal int Received { get; private set; }

        internal bool HasEnded { get; private set; }

        internal void Connect()
        {
            connecting = true;
            parked = true;
            socket.BeginConnect(AnyPort).Should().Be(SocketError.WouldBlock);
            socket.Wait(this, reads: false).Should().BeNull();
        }

        internal void Look()
        {
            if (!parked && !HasEnded)
            {
                socket.CanReceive();
            }
        }

        /// <summary>False: it waits, or has come to the end.</summary>
        internal bool Step()
        {
            if (parked || HasEnded)
            {
                return false;
            }

            if (foundNothing)
            {
                foundNothing = false;
                parked = true;
                socket.Wait(this, reads: true).Should().BeNull();
            }
            else
            {
                foundNothing = !Attempt();
            }

            return true;
        }

        internal override bool TryAgain()
        {
            if (connecting)
            {
                if (socket.FinishConnect(AnyPort) != SocketError.Success)
                {
                    return false;
                }

                connecting = parked = false;
                return true;
            }

            parked = !Attempt();
            return !parked;
        }

        internal override void OnClosed(Exception reason)
        {
        }

        internal override void Execute()
        {
        }

        private bool Attempt()
        {
            int count = socket.TryReceive(buffer);
            Received += Math.Max(0, count);
            HasEnded = count is 0 || (count < 0 && count != StreamDevice.WouldBlock);
            return count != StreamDevice.WouldBlock;
        }
    }
}
