using EventLoop.Net;

namespace EventLoop.Testing;

/// <summary>Checks two connected streams, of any kind, against the rules of a two-way stream. Trio: <c>check_two_way_stream</c>.</summary>
public static class StreamConformance
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);      // real time: the streams may be real

    /// <summary>Checks every rule in both directions, each with a fresh pair; all violations are reported together.</summary>
    /// <param name="makePair">Two streams that are connected to each other; they are disposed after each check.</param>
    /// <param name="shutdownWrite">Half-closes a stream; null: it is not checked.</param>
    /// <exception cref="StreamConformanceException">Some rules are violated; the message names each, and how.</exception>
    public static async Task CheckTwoWay(Func<Task<(Stream Left, Stream Right)>> makePair, Func<Stream, Task>? shutdownWrite = null)
    {
        ArgumentNullException.ThrowIfNull(makePair);
        var rules = new StreamRules(shutdownWrite);
        var broken = new List<string>();
        foreach (var (rule, check) in rules.All)
        {
            foreach (bool turned in new[] { false, true })
            {
                var (left, right) = await makePair();
                var (one, other) = turned ? (right, left) : (left, right);
                try
                {
                    await check(one, other).WaitAsync(Patience);
                }
                catch (Exception failure)
                {
                    string how = failure is TimeoutException
                        ? "it did not end" : failure is StreamConformanceException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}";
                    broken.Add($"{rule} ({(turned ? "right to left" : "left to right")}): {how}");
                }
                finally
                {
                    await left.DisposeAsync();
                    await right.DisposeAsync();
                }
            }
        }

        if (broken.Count > 0)
        {
            throw new StreamConformanceException($"The streams break {broken.Count} of {rules.All.Count * 2} checks:\n  {string.Join("\n  ", broken)}");
        }
    }

    /// <summary>Checks a pair as
    /// <see cref="CheckTwoWay(Func{Task{ValueTuple{Stream, Stream}}}, Func{Stream, Task}?)"/> does, from inside a coroutine.</summary>
    /// <param name="makePair">Two streams that are connected to each other; they are disposed after each check.</param>
    /// <param name="shutdownWrite">Half-closes a stream; null: it is not checked.</param>
    /// <exception cref="StreamConformanceException">Some rules are violated; the message names each, and how.</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public static async Coroutine CheckTwoWay(Func<Coroutine<(Stream Left, Stream Right)>> makePair, Func<Stream, Task>? shutdownWrite = null) =>
        await CheckTwoWay(() => makePair().AsTask(), shutdownWrite);

    /// <summary>Checks connections through their streams, including half-close.</summary>
    /// <param name="makePair">Two connections that are connected to each other; they are disposed after each check.</param>
    /// <exception cref="StreamConformanceException">Some rules are violated; the message names each, and how.</exception>
    public static async Coroutine CheckTwoWay(Func<Coroutine<(Connection Left, Connection Right)>> makePair)
    {
        ArgumentNullException.ThrowIfNull(makePair);
        var owners = new Dictionary<Stream, Connection>();
        await CheckTwoWay(
            async Coroutine<(Stream, Stream)> () =>
            {
                var (left, right) = await makePair();
                owners.Clear();
                owners.Add(left.AsStream(), left);
                owners.Add(right.AsStream(), right);
                return (left.AsStream(), right.AsStream());
            },
            stream => owners[stream].ShutdownWriteAsync().AsTask());
    }
}
