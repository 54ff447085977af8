using EventLoop;

namespace Crawler;

/// <summary>A line that says how far we are, written by a task of its own, until cancelled.</summary>
internal sealed class Progress(Crawl crawl)
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
        }
    }

    private string Line => $"{crawl.Pages} of {crawl.Known} pages, {crawl.UnderWay} under way   ";
}
