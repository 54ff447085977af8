using EventLoop;

namespace Downloads;

/// <summary>A line that says how far we are, written by a task of its own ten times a second, until cancelled.</summary>
internal sealed class Progress(Errand errand)
{
    public async Coroutine ShowAsync()
    {
        bool terminal = !Console.IsErrorRedirected;
        try
        {
            while (true)
            {
                if (terminal)
                    Console.Error.Write($"\r{Line}");
                await Loop.Sleep(100);
            }
        }
        finally
        {
            if (terminal)
                Console.Error.Write($"\r{new string(' ', Line.Length)}\r");
            else
                Console.Error.WriteLine(Line);
        }
    }

    private string Line => $"loop: {errand.Tally.Pages} of {errand.Pages.Count} pages, {errand.Tally.Bytes / 1e6:0.0} MB";
}
