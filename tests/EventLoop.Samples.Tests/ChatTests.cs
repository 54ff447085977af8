using System.Net;
using Chat;
using EventLoop.Net;

namespace EventLoop.Samples.Tests;

/// <summary>Guests who talk to a hall over the loopback interface.</summary>
public sealed class ChatTests
{
    private const string Refused = "* that name is taken, reserved, or not one: 1 to 20 letters, digits, - and _";

    [Fact]
    public void What_one_says_all_in_the_room_hear() => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await anna.WriteAsync("/name anna\n");
        await Until(anna, "* guest1 is now anna");
        await using var bert = await connect();
        await Until(anna, "* guest2 comes in");
        await bert.WriteAsync("hello\r\n");
        await Until(anna, "guest2: hello");
        await bert.WriteAsync("/join kitchen\n/who\n");
        await Until(anna, "* guest2 goes to kitchen");
        await Until(bert, "* here: guest2");
    });

    [Fact]
    public void A_name_that_is_taken_and_a_line_that_is_too_long_are_refused() => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await using var bert = await connect();
        await bert.WriteAsync("/name guest1\n");
        await Until(bert, Refused);
        await bert.WriteAsync(new string('x', 5000) + "\n");
        await Until(bert, "* that line was too long, goodbye");
        await Until(anna, "* guest2 leaves");
    });

    [Theory]
    [InlineData("GUEST1")]
    [InlineData("guest7")]
    [InlineData("Server")]
    [InlineData("*")]
    [InlineData("a b")]
    [InlineData("/quit")]
    [InlineData("\u3164")]
    public void A_name_that_others_would_mistake_for_another_is_refused(string name) => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await anna.WriteAsync("/name chef\n");
        await Until(anna, "* guest1 is now chef");
        await using var bert = await connect();
        await bert.WriteAsync($"/name {name}\n");
        await Until(bert, Refused);
        await bert.WriteAsync("/name CHEF\n");
        await Until(bert, Refused);
        await anna.WriteAsync("/name Chef\n");
        await Until(bert, "* chef is now Chef");
    });

    [Fact]
    public void What_cannot_be_seen_reaches_nobody() => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await anna.WriteAsync("a\u202Eb\u200Bc\u2066d\u200Fe\uFEFFf\u2028g\u0085h\u3164i\n");
        await Until(anna, "guest1: abcdefghi");
    });

    [Fact]
    public void Escape_sequences_reach_nobodys_terminal() => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await anna.WriteAsync("a\u001b[2Jb\n");
        await Until(anna, "guest1: a[2Jb");
    });

    [Fact]
    public void Many_lines_in_one_packet_put_nobody_out_who_reads() => InHall(async (_, connect) =>
    {
        await using var anna = await connect();
        await Until(anna, "* guest1 comes in");
        await using var bert = await connect();
        await bert.WriteAsync(string.Concat(Enumerable.Range(0, 1000).Select(static number => $"{number}\n")));
        await Until(anna, "guest2: 0");
        for (int number = 1; number < 1000; number++)
        {
            (await anna.ReadLineAsync()).Should().Be($"guest2: {number}");
        }
    });

    [Fact]
    public void Who_does_not_read_is_put_out_and_the_others_are_told() => InHall(async (_, connect) =>
    {
        await using var deaf = await connect();
        await using var anna = await connect();
        await Until(anna, "* guest2 comes in");
        string? heard;
        do
        {
            // One line at a time: who talks faster than reading would be put out just as well.
            await anna.WriteAsync(new string('x', 900) + "\n");
            heard = await anna.ReadLineAsync() ?? throw new InvalidDataException("The one who reads was put out.");
        }
        while (heard != "* guest1 does not read and is put out");
    });

    [Fact]
    public void Goodbye_is_said_to_everybody_and_ends_every_connection() => InHall(async (hall, connect) =>
    {
        await using var anna = await connect();
        await using var bert = await connect();
        await Until(bert, "* guest2 comes in");
        hall.SayToAll("* goodbye");
        await Until(anna, "* goodbye");
        await Until(bert, "* goodbye");
        while (await anna.ReadLineAsync() is not null || await bert.ReadLineAsync() is not null)
        {
        }
    });

    private static void InHall(Func<Hall, Func<Coroutine<Connection>>, Coroutine> test) => Loop.Run(() => Loop.WaitFor(async Coroutine () =>
    {
        var hall = new Hall { LastWords = TimeSpan.FromMilliseconds(50) };
        await using var server = Tcp.Listen(new IPEndPoint(IPAddress.Loopback, 0), hall.Welcome, new ListenOptions { SendBufferSize = 8192 });
        await test(hall, () => Tcp.ConnectAsync(server.EndPoint, new ConnectOptions { ReceiveBufferSize = 8192 }));
    }, TimeSpan.FromSeconds(30)));

    private static async Coroutine Until(Connection guest, params string[] lines)
    {
        while (await guest.ReadLineAsync() is { } line)
        {
            if (lines.Contains(line))
            {
                return;
            }
        }

        Assert.Fail($"The connection ended before '{lines[0]}' came.");
    }
}
