using System.Globalization;
using System.Text;
using EventLoop;
using EventLoop.Net;

namespace Chat;

/// <summary>Everybody who is here. One thread, so no locks: what stands between two awaits is alone.</summary>
internal sealed class Hall
{
    private static readonly HashSet<string> Reserved = new(["admin", "everybody", "hall", "moderator", "root", "server", "system"],
        StringComparer.OrdinalIgnoreCase);

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
                    Hear(guest, Visible(line));

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
            case ["/name", var name] when IsFree(name, guest):
                SayInRoom(guest, $"* {guest.Name} is now {name}");
                guest.Name = name;
                break;
            case ["/name", ..]:
                guest.Tell("* that name is taken, reserved, or not one: 1 to 20 letters, digits, - and _");
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

    // Nobody takes another's name, or the server's: what others would mistake for it counts as the same.
    private bool IsFree(string name, Guest guest) =>
        name.Length is > 0 and <= 20
        && name.All(static letter => char.IsLetterOrDigit(letter) || letter is '-' or '_')
        && !Reserved.Contains(name)
        && !(name.StartsWith("guest", StringComparison.OrdinalIgnoreCase) && name.AsSpan(5).IndexOfAnyExceptInRange('0', '9') < 0)
        && guests.All(other => other == guest || !other.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    // An escape sequence from one guest would move the cursor in the terminals of all others, a bidi
    // mark turn their lines round, and what has no width hide in them.
    private static string Visible(string line) => line.EnumerateRunes().All(IsVisible) ? line : string.Concat(line.EnumerateRunes().Where(IsVisible));

    private static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
        // fillers: letters and marks by their category, and nothing to see
        && rune.Value is not (0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0);

    private void SayInRoom(Guest speaker, string text)
    {
        foreach (var guest in guests.Where(guest => guest.Room == speaker.Room))
        {
            guest.Tell(text);
        }
    }
}
