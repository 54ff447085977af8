using System.Diagnostics;

namespace EventLoop.Samples.Testing;

public class DayTests(ITestOutputHelper output)
{
    [LoopFact]
    public async Coroutine A_day_of_customers_passes_in_milliseconds()
    {
        var real = Stopwatch.StartNew();
        int asked = 0, failed = 0, served = 0;
        var random = new Random(1);
        var prices = new PriceService(async Coroutine<decimal> (article) =>
        {
            asked++;
            await Loop.Sleep(random.Next(50, 3000));
            if (random.Next(5) == 0)
            {
                failed++;
                throw new IOException("the source is not in the mood");
            }

            return article.Length;
        });

        var end = TimeSpan.FromDays(1);
        await TaskGroup.Run(async group =>
        {
            while (Loop.Current.Time < end)
            {
                await Loop.Sleep(TimeSpan.FromSeconds(random.Next(1, 120)));
                _ = group.CreateTask(async () =>
                {
                    await prices.PriceOfAsync($"article {random.Next(10)}");
                    served++;
                });
            }
        });

        output.WriteLine($"{Loop.Current.Time.TotalHours:F1} hours, {served} customers, {asked} questions to the source, {failed} failures: "
            + $"{real.ElapsedMilliseconds} ms");
        Assert.InRange(asked - failed, 1, 10 * 6 * 24);      // ten articles, at most one load in ten minutes each
        Assert.InRange(served, 1200, 1700);
    }
}
