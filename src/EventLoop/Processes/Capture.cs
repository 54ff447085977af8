using EventLoop.Net;
using EventLoop.Scheduling;

namespace EventLoop.Processes;

/// <summary>Writes a child's input and reads its outputs at the same time. Loop thread only.</summary>
internal static class Capture
{
    /// <summary>Reads both outputs completely until the child has ended: an output that ends earlier may be that of a child that still reads. The first
    /// failure ends the others.</summary>
    internal static async Coroutine<(byte[] Output, byte[] Error)> All(
        SendPipe? to, ReadOnlyMemory<byte> input, ReceivePipe? output, ReceivePipe? error, int limit, Func<Coroutine<ExitStatus>> ended)
    {
        List<LoopTask> tasks = [];
        try
        {
            var writing = to is null ? null : Add(tasks, Loop.CreateTask(Write(to, input), "input of a process"));
            var first = Loop.CreateTask(ReadAll(output, limit), "output of a process");
            var second = Loop.CreateTask(ReadAll(error, limit), "error output of a process");
            tasks.Add(first);
            tasks.Add(second);
            await Loop.Gather(first, second);
            await ended();
            return (first.Result, second.Result);
        }
        finally
        {
            // Input that nobody has read in the end is dropped.
            foreach (var task in tasks.Where(static task => !task.IsCompleted))
            {
                task.Cancel();
            }

            await new CancelScope(shield: true).RunAsync(async Coroutine () => await Loop.Wait(tasks));
        }
    }

    /// <summary>The last part of what arrives.</summary>
    internal static async Coroutine<byte[]> Tail(ReceivePipe pipe, int most)
    {
        var kept = new byte[most];
        int count = 0;
        var block = new byte[most];
        while (await pipe.ReadAsync(block) is > 0 and var read)
        {
            int stay = Math.Min(count, most - read);
            kept.AsSpan(count - stay, stay).CopyTo(kept);
            block.AsSpan(0, read).CopyTo(kept.AsSpan(stay));
            count = stay + read;
        }

        return kept[..count];
    }

    private static LoopTask Add(List<LoopTask> tasks, LoopTask task)
    {
        tasks.Add(task);
        return task;
    }

    // Directly into blocks that grow with what arrives and are joined at the end.
    private static async Coroutine<byte[]> ReadAll(ReceivePipe? pipe, int limit)
    {
        const int first = 4 * 1024, largest = 8 * 1024 * 1024, large = 1024 * 1024;
        if (pipe is null)
        {
            return [];
        }

        List<byte[]> full = [];
        byte[] block = [];
        long total = 0;
        int filled = 0;
        bool isLarge = false;
        while (true)
        {
            if (!isLarge && total >= large)
            {
                isLarge = true;
                pipe.Enlarge(large);
            }

            if (filled == block.Length)
            {
                if (filled > 0)
                {
                    full.Add(block);
                }

                block = LargePages.NewArray((int)Math.Clamp(total, first, largest));
                filled = 0;
            }

            int count = await pipe.ReadAsync(block.AsMemory(filled));
            if (count == 0)
            {
                return await Join(full, block.AsMemory(0, filled), total);
            }

            filled += count;
            total += count;
            if (total > limit)
            {
                throw new LimitOverrunException($"More than the {limit} bytes that are allowed came from {pipe.Name}.", total);
            }
        }
    }

    // What is large is copied on other threads: all of them together need less time, and the loop none.
    private static async Coroutine<byte[]> Join(List<byte[]> full, Memory<byte> last, long total)
    {
        const int much = 1024 * 1024;
        if (total > Array.MaxLength)
        {
            throw new LimitOverrunException($"{total} bytes came, which is more than one array holds. Read the output piece by piece.", total);
        }

        var all = LargePages.NewArray((int)total);
        var starts = new int[full.Count];
        int at = 0;
        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = at;
            at += full[i].Length;
        }

        last.CopyTo(all.AsMemory(at));
        if (total > much)
        {
            var copying = Task.Run(() => Parallel.For(0, starts.Length, i => full[i].CopyTo(all, starts[i])));
            await Flight.Of(LoopCore.Running, copying);
        }
        else
        {
            for (int i = 0; i < starts.Length; i++)
            {
                full[i].CopyTo(all, starts[i]);
            }
        }

        return all;
    }

    // A child that does not read its input, or not all of it, is not an error.
    private static async Coroutine Write(SendPipe pipe, ReadOnlyMemory<byte> input)
    {
        try
        {
            if (!input.IsEmpty)
            {
                await pipe.WriteAsync(input);
            }

            await pipe.CompleteAsync();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            pipe.Close();
        }
    }
}
