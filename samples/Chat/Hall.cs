using EventLoop;
using EventLoop.Net;

namespace Chat;

/// <summary>Everybody who is here. One thread, so no locks: what stands between two awaits is alone.</summary>
internal sealed class Hall
{
    private readonly HashSet<Guest> guests = [];
    private int arrivals;

    /// <summary>How long the last words to a guest may take.</summary>
    public TimeSpan LastWords { get; init; } = TimeSpan.FromSeconds(3);

    public async Coroutine Welcome(Connection connection)
    {
        var guest = new Guest(connection, $"guest{++arrivals}");
        guests.Add(guest);
        var speaking = Loop.CreateTask(guest.SpeakAsync());
        try
        {
            guest.Tell($"* welcome, {guest.Name}; /name NAME, /join ROOM, /who, /quit");
            SayInRoom(guest, $"* {guest.Name} comes in");
            await guest.Listening.RunAsync(async () =>
            {
                while (await connection.ReadLineAsync(limit: 1000) is { } line && line != "/quit")
                {
                    Hear(guest, WithoutControls(line));

                    // Lines that came in one packet are read without waiting; those who speak have their turn between them all the same.
                    await Loop.Yield();
                }
            });
        }
        catch (LimitOverrunException)
        {
            guest.Tell("* that line was too long, goodbye");
        }
        catch (IOException)
        {
            // Gone without a word.
        }
        finally
        {
            guests.Remove(guest);
            SayInRoom(guest, guest.WasTooSlow ? $"* {guest.Name} does not read and is put out" : $"* {guest.Name} leaves");
            guest.Leave();
            if (!await CancelScope.Run(async _ => await speaking, LastWords, shield: true))
            {
                connection.Abort();
            }
        }
    }

    public void SayToAll(string text)
    {
        foreach (var guest in guests)
        {
            guest.Tell(text);
            guest.Leave();
        }
    }

    private void Hear(Guest guest, string line)
    {
        switch (line.Split(' ', 2, StringSplitOptions.TrimEntries))
        {
            case [""]:
                break;
            case ["/who"]:
                guest.Tell($"* here: {string.Join(", ", guests.Where(other => other.Room == guest.Room).Select(static other => other.Name).Order())}");
                break;
            case ["/name", { Length: > 0 and <= 20 } name] when guests.All(other => other.Name != name):
                SayInRoom(guest, $"* {guest.Name} is now {name}");
                guest.Name = name;
                break;
            case ["/name", ..]:
                guest.Tell("* a name is taken, or not one: 1 to 20 characters");
                break;
            case ["/join", { Length: > 0 } room]:
                SayInRoom(guest, $"* {guest.Name} goes to {room}");
                guest.Room = room;
                SayInRoom(guest, $"* {guest.Name} comes in");
                break;
            default:
                SayInRoom(guest, $"{guest.Name}: {line}");
                break;
        }
    }

    // An escape sequence from one guest would move the cursor in the terminals of all others.
    private static string WithoutControls(string line) => line.Any(char.IsControl) ? string.Concat(line.Where(static letter => !char.IsControl(letter))) : line;

    private void SayInRoom(Guest speaker, string text)
    {
        foreach (var guest in guests.Where(guest => guest.Room == speaker.Room))
        {
            guest.Tell(text);
        }
    }
}
