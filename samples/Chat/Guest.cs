using EventLoop;
using EventLoop.Net;

namespace Chat;

/// <summary>One connection, its name and room, and what it has still to be told.</summary>
internal sealed class Guest(Connection connection, string name)
{
    private const int MostUntold = 100;

    private readonly Queue<string> untold = new();
    private readonly AsyncEvent something = new();
    private bool leaving;

    public string Name { get; set; } = name;

    public string Room { get; set; } = "hall";

    /// <summary>It was put out.</summary>
    public bool WasTooSlow { get; private set; }

    /// <summary>Never waits: a guest who does not read must not hold up the others, and is put out.</summary>
    public void Tell(string text)
    {
        if (leaving)
        {
            return;
        }

        if (untold.Count >= MostUntold)
        {
            // The one thing that is still told: it reaches a guest who reads again within a moment.
            untold.Clear();
            untold.Enqueue("* you do not read what is said, goodbye");
            WasTooSlow = true;
            Leave();
            return;
        }

        untold.Enqueue(text);
        something.Set();
    }

    /// <summary>What listens to the guest runs in it, and ends when the guest is to leave.</summary>
    public CancelScope Listening { get; } = new();

    /// <summary>After what there is to tell.</summary>
    public void Leave()
    {
        leaving = true;
        Listening.Cancel("the guest leaves");
        something.Set();
    }

    public async Coroutine SpeakAsync()
    {
        try
        {
            while (!leaving || untold.Count > 0)
            {
                await something.WaitAsync();
                something.Clear();
                while (untold.TryDequeue(out string? text))
                {
                    await connection.WriteAsync(text + "\n");
                }
            }

            await connection.ShutdownWriteAsync();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
        }
    }
}
