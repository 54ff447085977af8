using System.Diagnostics;
using System.Reflection;

namespace EventLoop.Tests.Synchronization;

/// <summary>What a debugger shows of each primitive.</summary>
public sealed class DebuggerDisplayTests : LoopTest
{
    [Fact]
    public void Every_primitive_shows_its_state_and_how_many_wait() => RunLoop(async () =>
    {
        var mutex = new AsyncLock();
        var ready = new AsyncEvent();
        var condition = new AsyncCondition();
        var semaphore = new AsyncSemaphore(1);
        var bounded = new AsyncBoundedSemaphore(2);
        var barrier = new AsyncBarrier(3);
        var queue = new AsyncQueue<int>(2);
        var stack = new AsyncStack<int>();
        var (sender, receiver) = MemoryChannel.Create<int>(1);
        var limiter = new CapacityLimiter(1);
        Display(mutex).Should().Be("unlocked");
        Display(condition).Should().Be("unlocked, 0 waiting");

        await mutex.AcquireAsync();
        await semaphore.AcquireAsync();
        await limiter.AcquireAsync();
        Coroutine[] waits =
        [
            mutex.AcquireAsync(), semaphore.AcquireAsync(), limiter.AcquireAsync(), ready.WaitAsync(), barrier.WaitAsync(), queue.GetAsync(),
                receiver.ReceiveAsync(),
        ];
        LoopTask[] tasks = [.. waits.Select(wait => Loop.CreateTask(wait))];
        await Yields(3);

        Display(mutex).Should().Be($"locked by {Loop.CurrentTask!.Label}, 1 waiting");
        Display(semaphore).Should().Be("0 free, 1 waiting");
        Display(bounded).Should().Be("2 free, 0 waiting");
        Display(limiter).Should().Be("1 of 1 lent, 1 waiting");
        Display(ready).Should().Be("not set, 1 waiting");
        Display(barrier).Should().Be("1 of 3 waiting");
        Display(queue).Should().Be("0 of 2 items, 1 getters, 0 putters");
        Display(stack).Should().Be("0 items, 0 getters, 0 putters");
        Display(sender).Should().Be("0 of 1 items, 1 senders (0 waiting), 1 receivers (1 waiting)");
        sender.Dispose();
        Display(sender).Should().Be("disposed");
        queue.Shutdown();
        Display(queue).Should().Be("0 of 2 items, 0 getters, 0 putters, shut down");
        ready.Set();
        Display(ready).Should().Be("set");
        barrier.Abort();
        Display(barrier).Should().Be("broken");

        foreach (var task in tasks)
        {
            task.Cancel();
            await Catch(task);
        }
    });

    private static string Display(object primitive)
    {
        var type = primitive.GetType();
        type.GetCustomAttribute<DebuggerDisplayAttribute>(inherit: true)!.Value.Should().Be("{DebuggerText,nq}");
        PropertyInfo? text = null;
        for (; text is null; type = type.BaseType!)
        {
            text = type.GetProperty("DebuggerText", BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
        }

        return (string)text.GetValue(primitive)!;
    }
}
