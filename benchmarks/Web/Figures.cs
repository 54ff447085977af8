using System.Globalization;

namespace EventLoop.Benchmarks.Web;

/// <summary>What a server has used so far, told line by line on the console.</summary>
internal static class Figures
{
    /// <summary>
    /// Until the input ends, on a thread of its own: one of the pool that waits for input would be the only one of a server pinned to one core, and whatever
    /// needs the pool then (each new connection does) would wait for .NET to find that out, which takes a second.
    /// </summary>
    internal static Task AnswerAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            Answer();
            ended.SetResult();
        }) { IsBackground = true, Name = "figures" };
        thread.Start();
        return ended.Task;
    }

    /// <summary>Until the input ends, on this thread.</summary>
    internal static void Answer()
    {
        Console.WriteLine("ready");
        while (Console.ReadLine() is not null)
        {
            var used = Environment.CpuUsage;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{used.UserTime.TotalSeconds + used.PrivilegedTime.TotalSeconds:F6} {ThreadPool.CompletedWorkItemCount} {GC.GetTotalAllocatedBytes()} "
                    + $"{Environment.WorkingSet}"));
        }
    }
}
