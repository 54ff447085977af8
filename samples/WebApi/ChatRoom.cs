using System.Net.WebSockets;
using System.Text;
using EventLoop;

namespace WebApi;

/// <summary>Everybody hears what anybody says. Only the loop's thread comes here.</summary>
internal sealed class ChatRoom
{
    private const int MostUntold = 100;

    private readonly HashSet<Guest> guests = [];

    public async Task TalkAsync(WebSocket socket, string name, CancellationToken gone)
    {
        var guest = new Guest(name);
        guests.Add(guest);
        Say($"* {name} has come; {guests.Count} here");
        try
        {
            await TaskGroup.Run(async group =>
            {
                group.StartSoon(SpeakAsync(socket, guest, gone));
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

    private async Coroutine ListenAsync(WebSocket socket, Guest guest, CancellationToken gone)
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            try
            {
                var got = await socket.ReceiveAsync(buffer.AsMemory(), gone);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, gone);
                    return;
                }

                Say($"{guest.Name}: {Encoding.UTF8.GetString(buffer, 0, got.Count)}");
            }
            catch (Exception broken) when (broken is WebSocketException or OperationCanceledException and not LoopCanceledException)
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
        catch (Exception broken) when (broken is WebSocketException or OperationCanceledException and not LoopCanceledException)
        {
            // Whoever listens learns of it as well.
        }
    }

    // Never waits: a guest who does not read loses what is said meanwhile, and holds up nobody.
    private void Say(string text)
    {
        foreach (var guest in guests)
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
