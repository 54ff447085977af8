using EventLoop.Tests.Net;

namespace EventLoop.Tests.Groups;

public sealed class LoopLocalTests : GroupTest
{
    [Fact]
    public void Each_loop_has_a_value_of_its_own_made_there_when_it_is_first_asked_for() => RunGroup(async group =>
    {
        int made = 0;
        var local = new LoopLocal<object>(() =>
        {
            Interlocked.Increment(ref made);
            return new object();
        });
        made.Should().Be(0);
        object[] values = await group.RunOnEach(async Coroutine<object> (_) =>
        {
            local.Value.Should().BeSameAs(local.Value);
            await Loop.Yield();
            return local.Value;
        });
        values.Should().OnlyHaveUniqueItems();
        made.Should().Be(2);
    });

    [Fact]
    public void Where_no_loop_runs_there_is_no_value()
    {
        var local = new LoopLocal<int>(() => 1);
        FluentActions.Invoking(() => local.Value).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => local.Value = 2).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void A_value_that_was_set_is_the_value_and_its_factory_is_not_called()
    {
        var local = new LoopLocal<int>(() => throw new InvalidDataException());
        RunLoop(async () =>
        {
            local.Value = 3;
            local.Value++;
            local.Value.Should().Be(4);
        });
        RunLoop(async () => FluentActions.Invoking(() => local.Value).Should().Throw<InvalidDataException>());
    }

    [Fact]
    public void A_factory_that_throws_is_called_again()
    {
        int calls = 0;
        var local = new LoopLocal<int>(() => ++calls == 1 ? throw new InvalidDataException() : calls);
        RunLoop(async () =>
        {
            FluentActions.Invoking(() => local.Value).Should().Throw<InvalidDataException>();
            local.Value.Should().Be(2);
        });
    }

    [Fact]
    public void A_factory_that_asks_for_its_own_value_is_told_so()
    {
        LoopLocal<int>? local = null;
        local = new LoopLocal<int>(() => local!.Value);
        RunLoop(async () => FluentActions.Invoking(() => local.Value).Should().Throw<InvalidOperationException>().WithMessage("*asks for the value*"));
    }

    [Fact]
    public void Values_are_disposed_on_their_loop_after_its_tasks_the_last_one_first()
    {
        var first = new LoopLocal<Resource>(() => new Resource("first", Log));
        var second = new LoopLocal<AsyncResource>(() => new AsyncResource("second", Log));
        RunLoop(async () =>
        {
            _ = (first.Value, second.Value);
            Loop.StartSoon(Background());
            await Loop.Yield();
        });
        Log.Should().Equal("task", "second", "first");

        async Coroutine Background()
        {
            try
            {
                await Forever();
            }
            finally
            {
                _ = first.Value.Name;
                Log.Add("task");
            }
        }
    }

    [Fact]
    public void A_loop_that_is_only_disposed_disposes_its_values_too()
    {
        var local = new LoopLocal<AsyncResource>(() => new AsyncResource("value", Log));
        using (var loop = NewLoop())
        {
            loop.RunUntilComplete(async Coroutine () => _ = local.Value);
            Log.Should().BeEmpty();
        }

        Log.Should().Equal("value");
    }

    [Fact]
    public void What_the_disposal_of_a_value_throws_is_reported_and_the_others_are_disposed()
    {
        var good = new LoopLocal<Resource>(() => new Resource("good", Log));
        var bad = new LoopLocal<Resource>(() => new Resource("bad", null));
        RunLoop(async () => _ = (good.Value, bad.Value));
        Log.Should().Equal("good");
        Reported.Should().ContainSingle().Which.Message.Should().Contain("loop-local");
    }

    [Fact]
    public void Of_many_values_each_is_found_and_disposed() => RunLoop(async () =>
    {
        var locals = Enumerable.Range(0, 50_000).Select(static i => new LoopLocal<int>(() => i)).ToArray();
        locals.Sum(static local => (long)local.Value).Should().Be(50_000L * 49_999 / 2);
    });

    [Fact]
    public void A_value_that_another_one_uses_is_disposed_after_it()
    {
        var pool = new LoopLocal<Resource>(() => new Resource("pool", Log));
        var user = new LoopLocal<Resource>(() => new Resource($"user of {pool.Value.Name}", Log));
        RunLoop(async () => _ = user.Value);
        Log.Should().Equal("user of pool", "pool");
    }

    [Fact]
    public void A_value_that_asks_for_itself_while_it_is_disposed_gets_itself_and_is_disposed_once()
    {
        int made = 0;
        LoopLocal<User>? plain = null;
        LoopLocal<AsyncUser>? asynchronous = null;
        plain = new LoopLocal<User>(() => ++made > 3 ? throw new InvalidDataException() : new User("plain", plain!, Log));
        asynchronous = new LoopLocal<AsyncUser>(() => ++made > 3 ? throw new InvalidDataException() : new AsyncUser("asynchronous", asynchronous!, Log));
        RunLoop(async () => _ = (plain.Value, asynchronous.Value));
        made.Should().Be(2);
        Log.Should().Equal("asynchronous uses asynchronous", "plain uses plain");
        Reported.Should().BeEmpty();
    }

    [Fact]
    public void Of_two_values_that_use_each_other_when_they_are_disposed_the_first_one_is_told_that_the_other_is_gone()
    {
        int made = 0;
        LoopLocal<User>? second = null;
        LoopLocal<User>? first = null;
        first = new LoopLocal<User>(() => ++made > 5 ? throw new InvalidDataException() : new User("first", second!, Log));
        second = new LoopLocal<User>(() => ++made > 5 ? throw new InvalidDataException() : new User("second", first, Log));
        RunLoop(async () => _ = (first.Value, second.Value));
        made.Should().Be(2);
        Log.Should().Equal("second uses first");
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("gets none any more");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_values_are_disposed_no_others_are_made_or_set(bool sets)
    {
        var fresh = new LoopLocal<object>(() => throw new InvalidDataException());
        var user = new LoopLocal<OnDisposal>(() => new OnDisposal(() =>
        {
            if (sets)
            {
                fresh.Value = Log;
            }
            else
            {
                _ = fresh.Value;
            }
        }));
        var bystander = new LoopLocal<Resource>(() => new Resource("bystander", Log));
        RunLoop(async () => _ = (bystander.Value, user.Value));
        Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("gets none any more");
        Log.Should().Equal("bystander");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_value_that_is_being_disposed_may_be_cleared_and_not_replaced(bool replaces)
    {
        LoopLocal<OnDisposal> local = null!;
        local = new LoopLocal<OnDisposal>(() => new OnDisposal(() => local.Value = replaces ? new OnDisposal(() => Log.Add("another")) : null!));
        RunLoop(async () => _ = local.Value);
        Log.Should().BeEmpty();
        if (replaces)
        {
            Reported.Should().ContainSingle().Which.Exception.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("gets none any more");
        }
        else
        {
            Reported.Should().BeEmpty();
        }
    }

    private sealed class User(string name, LoopLocal<User> used, List<string> log) : IDisposable
    {
        private string Name => name;

        public void Dispose() => log.Add($"{name} uses {used.Value.Name}");
    }

    private sealed class AsyncUser(string name, LoopLocal<AsyncUser> used, List<string> log) : IAsyncDisposable
    {
        private string Name => name;

        public async ValueTask DisposeAsync()
        {
            await Loop.Sleep(1);
            log.Add($"{name} uses {used.Value.Name}");
        }
    }

    private sealed class OnDisposal(Action action) : IDisposable
    {
        public void Dispose() => action();
    }

    private sealed class Resource(string name, List<string>? log) : IDisposable
    {
        internal string Name => name;

        public void Dispose() => log!.Add(name);
    }

    private sealed class AsyncResource(string name, List<string> log) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Loop.Sleep(1);
            log.Add(name);
        }
    }
}
