using EventLoop;
using EventLoop.Net;

namespace Chat;

/// <summary>Everybody who is here. One thread, so no locks: what stands between two awaits is alone.</summary>
internal sealed class Hall
{
    private readonly HashSet<Guest> guests = [];
    private int arrivals;

    public async Coroutine Welcome(Connection connection)
    {
        var guest = new Guest(connection, $"guest{++arrivals}");
        guests.Add(guest);
        var speaking = Loop.CreateTask(guest.SpeakAsync());
        try
        {
            guest.Tell($"* welcome, {guest.Name}; /name NAME, /join ROOM, /who, /quit");
            SayInRoom(guest, $"* {guest.Name} comes in");
            while (await connection.ReadLineAsync(limit: 1000) is { } line && line != "/quit")
            {
                Hear(guest, line);
            }
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
            SayInRoom(guest, $"* {guest.Name} leaves");
            guest.Leave();
            await Loop.Shield(speaking);
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

    private void SayInRoom(Guest speaker, string text)
    {
        foreach (var guest in guests.Where(guest => guest.Room == speaker.Room))
        {
            guest.Tell(text);
        }
    }
}
