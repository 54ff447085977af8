using System.Globalization;
using EventLoop;

namespace Pipeline;

/// <summary>Three processes, one after the other, and this program between them.</summary>
/// <param name="bytesPerSecond">To the last one; null: as fast as it takes them.</param>
internal sealed class Chain(long? bytesPerSecond)
{
    public long Generated { get; private set; }

    public long Compressed { get; private set; }

    public static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.00} MiB");

    /// <summary>The first word of what the last one says.</summary>
    public async Coroutine<string> RunAsync(ProcessCommand generate, ProcessCommand compress, ProcessCommand checksum)
    {
        // KillOnParentExit: whatever ends this program, also SIGKILL, ends the stages and what they have started.
        await using var first = await Subprocess.StartAsync(generate with { Output = Stdio.Pipe, KillOnParentExit = true });
        await using var second = await Subprocess.StartAsync(compress with { Input = Stdio.Pipe, Output = Stdio.Pipe, KillOnParentExit = true });
        await using var third = await Subprocess.StartAsync(checksum with { Input = Stdio.Pipe, Output = Stdio.Pipe, KillOnParentExit = true });

        string answer = "";
        await TaskGroup.Run(async Coroutine (group) =>
        {
            var progress = group.CreateTask(ShowProgress);
            var reading = group.CreateTask(() => third.Output.ReadTextAsync());
            var one = group.CreateTask(() => Copy(first.Output, second.Input, count => Generated += count, null));
            var two = group.CreateTask(() => Copy(second.Output, third.Input, count => Compressed += count, bytesPerSecond));
            await one;
            await two;
            answer = await reading;
            progress.Cancel();
        });

        foreach (var stage in (Subprocess[])[first, second, third])
        {
            var status = await stage.WaitAsync();
            if (!status.IsSuccess)
            {
                throw new ProcessFailedException(stage.Command, status, "");
            }
        }

        return answer.Split(' ')[0];
    }

    // The write waits while more than 64 KiB are unsent, and then nothing is read: so the process before waits, too.
    private static async Coroutine Copy(ReceivePipe from, SendPipe to, Action<int> count, long? bytesPerSecond)
    {
        var block = new byte[64 * 1024];
        long sent = 0;
        var start = Loop.Current.Time;
        while (await from.ReadAsync(block) is > 0 and var length)
        {
            await to.WriteAsync(block.AsMemory(0, length));
            count(length);
            sent += length;
            if (bytesPerSecond is { } rate && start + TimeSpan.FromSeconds((double)sent / rate) - Loop.Current.Time is var early && early > TimeSpan.Zero)
            {
                await Loop.Sleep(early);
            }
        }

        await to.CompleteAsync();
    }

    private async Coroutine ShowProgress()
    {
        while (true)
        {
            await Loop.Sleep(TimeSpan.FromMilliseconds(200));
            Console.Error.WriteLine($"  generated {Megabytes(Generated)}, compressed {Megabytes(Compressed)}");
        }
    }
}
