using System.Net.WebSockets;
using System.Text;
using EventLoop;

namespace WebApi;

/// <summary>Everybody hears what anybody says. Only the loop's thread comes here.</summary>
internal sealed class ChatRoom
{
    private const int MostUntold = 100;
    private const int LongestMessage = 16 * 1024;

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
        byte[] buffer = new byte[LongestMessage];
        int count = 0;
        while (true)
        {
            try
            {
                var got = await socket.ReceiveAsync(buffer.AsMemory(count), gone);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, gone);
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
