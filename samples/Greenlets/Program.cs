// The two oldest forms of coroutines, on coroutines of this library.
//
//     dotnet run --project samples/Greenlets
//
// Greenlets switch by name: whoever runs says who is next, and there is no scheduler. Generators yield to whoever asks for the next value.
// An event loop is what came after both: one place that decides who is next, so that nobody has to name anybody.

using EventLoop;
using Greenlets;

return Loop.RunMain(async () =>
{
    await PingPong();
    await Countdown();
    await Tree();
});

static async Coroutine PingPong()
{
    Greenlet<string>? pong = null;
    var ping = new Greenlet<string>("ping", async Coroutine<string> (ball) =>
    {
        for (int i = 1; i <= 3; i++)
        {
            Console.WriteLine($"ping has {ball}");
            ball = await pong!.Switch($"ball {i}");
        }

        return "ping is done";
    });
    pong = new Greenlet<string>("pong", async Coroutine<string> (ball) =>
    {
        while (true)
        {
            Console.WriteLine($"pong has {ball}");
            ball = await ping.Switch($"{ball} back");
        }
    });
    Console.WriteLine(await ping.Switch("the service"));
}

static async Coroutine Countdown()
{
    await foreach (int number in From(3))
    {
        Console.Write($"{number} ");
    }

    Console.WriteLine("lift-off");

    static Generator<int> From(int most) => new(async output =>
    {
        for (int i = most; i > 0; i--)
        {
            await output.Yield(i);
        }
    });
}

static async Coroutine Tree()
{
    var tree = new Node(4, new Node(2, new Node(1), new Node(3)), new Node(6, new Node(5), new Node(7)));
    await foreach (int number in InOrder(tree))
    {
        Console.Write($"{number} ");
    }

    Console.WriteLine();

    static Generator<int> InOrder(Node? node) => new(async output =>
    {
        if (node is not null)
        {
            await output.YieldFrom(InOrder(node.Left));
            await output.Yield(node.Value);
            await output.YieldFrom(InOrder(node.Right));
        }
    });
}

/// <summary>Of a tree.</summary>
internal sealed record Node(int Value, Node? Left = null, Node? Right = null);
