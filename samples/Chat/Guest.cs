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

    /// <summary>Never waits: a guest who does not read must not hold up the others, and is put out.</summary>
    public void Tell(string text)
    {
        if (untold.Count >= MostUntold)
        {
            connection.Abort();
            return;
        }

        untold.Enqueue(text);
        something.Set();
    }

    /// <summary>After what there is to tell.</summary>
    public void Leave()
    {
        leaving = true;
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
