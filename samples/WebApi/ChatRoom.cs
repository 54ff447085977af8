using System.Net.WebSockets;
using System.Text;
using EventLoop;

namespace WebApi;

/// <summary>Everybody hears what anybody says, until the application stops: then everybody is told goodbye. Only the loop's thread comes here.</summary>
internal sealed class ChatRoom
{
    private const int MostUntold = 100;
    private const int LongestMessage = 16 * 1024;

    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);

    private readonly HashSet<Guest> guests = [];
    private readonly AsyncEvent closing = new();

    public ChatRoom(Loop loop, IHostApplicationLifetime host) => host.ApplicationStopping.Register(loop.Bind(closing.Set));

    public async Task TalkAsync(HttpContext http, WebSocket socket, string name)
    {
        var gone = http.RequestAborted;
        var guest = new Guest(name);
        guests.Add(guest);
        Say($"* {name} has come; {guests.Count} here");
        try
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(SpeakAsync(socket, guest, gone));
                group.StartSoon(CloseAsync(http, guest));
                await ListenAsync(socket, guest, gone);
                group.Cancel();
            });
        }
        finally
        {
            guests.Remove(guest);
            Say($"* {name} has left");
        }
    }

    // A guest who does not read what is said, or does not answer the goodbye, is cut off.
    private async Coroutine CloseAsync(HttpContext http, Guest guest)
    {
        await closing.WaitAsync();
        guest.Untold.Shutdown();
        await Loop.Sleep(Goodbye);
        http.Abort();
    }

    private async Coroutine ListenAsync(WebSocket socket, Guest guest, CancellationToken gone)
    {
        byte[] buffer = new byte[LongestMessage];
        int count = 0;
        while (true)
        {
            try
            {
                var got = await socket.ReceiveAsync(buffer.AsMemory(count), gone);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    if (socket.State == WebSocketState.CloseReceived)      // and is no answer to our goodbye
                    {
                        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, gone);
                    }

                    return;
                }

                count += got.Count;
                if (got.EndOfMessage)      // a fragment may end in the middle of a character
                {
                    Say($"{guest.Name}: {Encoding.UTF8.GetString(buffer, 0, count)}");
                    count = 0;
                }
                else if (count == buffer.Length)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.MessageTooBig, $"at most {LongestMessage} bytes", gone);
                    return;
                }
            }
            catch (Exception broken) when (IsBroken(broken))
            {
                return;      // without a goodbye
            }
        }
    }

    private static async Coroutine SpeakAsync(WebSocket socket, Guest guest, CancellationToken gone)
    {
        try
        {
            while (true)
            {
                string text = await guest.Untold.GetAsync();
                await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, gone);
            }
        }
        catch (QueueShutDownException)
        {
            await SayGoodbyeAsync(socket, gone);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            // Whoever listens learns of it as well.
        }
    }

    private static async Coroutine SayGoodbyeAsync(WebSocket socket, CancellationToken gone)
    {
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, "the server stops", gone);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            // It is gone already.
        }
    }

    private static bool IsBroken(Exception failure) => failure is WebSocketException or (OperationCanceledException and not LoopCanceledException);

    // Never waits: a guest who does not read loses what is said meanwhile, and holds up nobody.
    private void Say(string text)
    {
        foreach (var guest in guests.Where(static guest => !guest.Untold.IsShutDown))
        {
            guest.Untold.TryPut(text);
        }
    }

    private sealed class Guest(string name)
    {
        public string Name => name;

        public AsyncQueue<string> Untold { get; } = new(MostUntold);
    }
}
