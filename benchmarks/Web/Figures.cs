using System.Globalization;

namespace EventLoop.Benchmarks.Web;

/// <summary>What a server has used so far, told line by line on the console.</summary>
internal static class Figures
{
    /// <summary>Until the input ends.</summary>
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
