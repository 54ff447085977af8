namespace EventLoop.Samples.Testing;

/// <summary>Lets at most so many through in each interval; the others wait, first come, first served.</summary>
public sealed class RateLimiter(int permits, TimeSpan interval)
{
    private readonly AsyncLock line = new();
    private readonly Queue<TimeSpan> passed = new();

    public async Coroutine PassAsync()
    {
        using (await line.AcquireAsync())
        {
            if (passed.Count == permits)
            {
                // It is forgotten after the wait: who is cancelled meanwhile has not taken its place.
                var free = passed.Peek() + interval;
                if (free > Loop.Current.Time)
                {
                    await Loop.Sleep(free - Loop.Current.Time);
                }

                passed.Dequeue();
            }

            passed.Enqueue(Loop.Current.Time);
        }
    }
}
