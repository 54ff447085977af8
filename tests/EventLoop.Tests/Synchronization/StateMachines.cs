namespace EventLoop.Tests.Synchronization;

public sealed class LockStateMachine : StateMachineTest
{
    private readonly List<int> _line = [];
    private AsyncLock _mutex = null!;
    private bool _locked;

    protected override int Kinds => 3;

    protected override void Create()
    {
        _mutex = new AsyncLock();
        _line.Clear();
        _locked = false;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case 0 when Begin(actor, Acquire):
                if (_locked)
                {
                    _line.Add(actor);
                }
                else
                {
                    _locked = true;
                    Expect(actor, "has it");
                }

                break;
            case 1:
                _mutex.TryAcquire().Should().Be(!_locked);
                _locked = true;
                break;
            case 2 when !_locked:
                FluentActions.Invoking(_mutex.Release).Should().Throw<InvalidOperationException>();
                break;
            case 2:
                _mutex.Release();
                _locked = _line.Count > 0;
                if (_locked)
                {
                    Expect(_line[0], "has it");
                    _line.RemoveAt(0);
                }

                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        _line.Remove(actor).Should().BeTrue();
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_mutex.IsLocked, _locked, "IsLocked");
        SameLine(_mutex.Statistics.WaitingTasks, _line);
    }

    private async Coroutine<string> Acquire()
    {
        await _mutex.AcquireAsync();
        return "has it";
    }
}

public sealed class SemaphoreStateMachine : StateMachineTest
{
    private const int Limit = 3;

    private readonly List<int> _line = [];
    private AsyncBoundedSemaphore _semaphore = null!;
    private int _count;

    protected override int Kinds => 3;

    protected override void Create()
    {
        _semaphore = new AsyncBoundedSemaphore(Limit);
        _line.Clear();
        _count = Limit;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case 0 when Begin(actor, Acquire):
                if (_count == 0)
                {
                    _line.Add(actor);
                }
                else
                {
                    _count--;
                    Expect(actor, "has one");
                }

                break;
            case 1:
                _semaphore.TryAcquire().Should().Be(_count > 0);
                _count = Math.Max(0, _count - 1);
                break;
            case 2 when argument + 1 > Limit - _count:
                FluentActions.Invoking(() => _semaphore.Release(argument + 1)).Should().Throw<InvalidOperationException>();
                break;
            case 2:
                _semaphore.Release(argument + 1);
                _count += argument + 1;
                for (; _count > 0 && _line.Count > 0; _count--)
                {
                    Expect(_line[0], "has one");
                    _line.RemoveAt(0);
                }

                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        _line.Remove(actor).Should().BeTrue();
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_semaphore.CurrentCount, _count, "CurrentCount");
        SameLine(_semaphore.Statistics.WaitingTasks, _line);
    }

    private async Coroutine<string> Acquire()
    {
        await _semaphore.AcquireAsync();
        return "has one";
    }
}

public sealed class EventStateMachine : StateMachineTest
{
    private readonly List<int> _line = [];
    private AsyncEvent _event = null!;
    private bool _set;

    protected override int Kinds => 4;

    protected override void Create()
    {
        _event = new AsyncEvent();
        _line.Clear();
        _set = false;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case 0 or 1 when Begin(actor, Wait):
                if (_set)
                {
                    Expect(actor, "woken");
                }
                else
                {
                    _line.Add(actor);
                }

                break;
            case 2:
                _event.Set();
                _set = true;
                _line.ForEach(waiter => Expect(waiter, "woken"));
                _line.Clear();
                break;
            case 3:
                _event.Clear();
                _set = false;
                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        _line.Remove(actor).Should().BeTrue();
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_event.IsSet, _set, "IsSet");
        SameLine(_event.Statistics.WaitingTasks, _line);
    }

    private async Coroutine<string> Wait()
    {
        await _event.WaitAsync();
        return "woken";
    }
}

public sealed class BarrierStateMachine : StateMachineTest
{
    private const int Parties = 3;

    private readonly List<int> _line = [];
    private AsyncBarrier _barrier = null!;
    private bool _broken;

    protected override int Kinds => 6;

    protected override void Create()
    {
        _barrier = new AsyncBarrier(Parties);
        _line.Clear();
        _broken = false;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case < 4 when Begin(actor, Wait):
                _line.Add(actor);
                if (_broken)
                {
                    TurnAway();
                }
                else if (_line.Count == Parties)
                {
                    for (int i = 0; i < Parties; i++)
                    {
                        Expect(_line[i], $"{i}");
                    }

                    _line.Clear();
                }

                break;
            case 4:
                _barrier.Reset();
                _broken = false;
                TurnAway();
                break;
            case 5:
                _barrier.Abort();
                _broken = true;
                TurnAway();
                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        _line.Remove(actor).Should().BeTrue();
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_barrier.IsBroken, _broken, "IsBroken");
        Same(_barrier.WaitingCount, _line.Count, "WaitingCount");
        SameLine(_barrier.Statistics.WaitingTasks, _line);
    }

    private void TurnAway()
    {
        _line.ForEach(waiter => Expect(waiter, nameof(BrokenBarrierException)));
        _line.Clear();
    }

    private async Coroutine<string> Wait() => $"{await _barrier.WaitAsync()}";
}

public sealed class ConditionStateMachine : StateMachineTest
{
    private readonly List<int> _waiters = [];
    private readonly List<(int Actor, string Outcome, bool Final)> _lockLine = [];
    private AsyncCondition _condition = null!;
    private bool _locked;

    protected override int Kinds => 7;

    protected override void Create()
    {
        _condition = new AsyncCondition();
        _waiters.Clear();
        _lockLine.Clear();
        _locked = false;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case 0 when Begin(actor, Acquire):
                if (_locked)
                {
                    _lockLine.Add((actor, "has it", Final: false));
                }
                else
                {
                    _locked = true;
                    Expect(actor, "has it");
                }

                break;
            case 1:
                _condition.TryAcquire().Should().Be(!_locked);
                _locked = true;
                break;
            case 2 when _locked:
                _condition.Release();
                Release();
                break;
            case 3 or 4 when Begin(actor, Wait):
                if (_locked)
                {
                    _waiters.Add(actor);
                    Release();
                }
                else
                {
                    Expect(actor, nameof(InvalidOperationException));
                }

                break;
            case 5 or 6 when _locked:
                int count = kind == 5 ? argument + 1 : int.MaxValue;
                _condition.Notify(count);
                foreach (int notified in _waiters.Take(count).ToList())
                {
                    _waiters.Remove(notified);
                    _lockLine.Add((notified, "notified", Final: true));
                }

                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        if (_waiters.Remove(actor))
        {
            if (_locked)
            {
                _lockLine.Add((actor, Cancelled, Final: true));
            }
            else
            {
                _locked = true;
                Expect(actor, Cancelled);
            }
        }
        else if (_lockLine.RemoveAll(waiter => waiter.Actor == actor && !waiter.Final) > 0)
        {
            Expect(actor, Cancelled);
        }
    }

    protected override void Compare()
    {
        Same(_condition.IsLocked, _locked, "IsLocked");
        SameLine(_condition.Statistics.WaitingTasks, _waiters);
        SameLine(_condition.Lock.Statistics.WaitingTasks, _lockLine.Select(static waiter => waiter.Actor));
    }

    protected override void Unblock()
    {
        if (_locked)
        {
            _condition.Release();
            Release();
        }
    }

    private void Release()
    {
        _locked = _lockLine.Count > 0;
        if (_locked)
        {
            Expect(_lockLine[0].Actor, _lockLine[0].Outcome);
            _lockLine.RemoveAt(0);
        }
    }

    private async Coroutine<string> Acquire()
    {
        await _condition.AcquireAsync();
        return "has it";
    }

    private async Coroutine<string> Wait()
    {
        await _condition.WaitAsync();
        return "notified";
    }
}

public sealed class LimiterStateMachine : StateMachineTest
{
    private readonly List<(int Actor, string Borrower)> _line = [];
    private readonly List<string> _borrowers = [];
    private CapacityLimiter _limiter = null!;
    private int _total;

    protected override int Kinds => 5;

    protected override void Create()
    {
        _limiter = new CapacityLimiter(2);
        _line.Clear();
        _borrowers.Clear();
        _total = 2;
    }

    protected override void Play(int kind, int actor, int argument)
    {
        string borrower = $"borrower {argument}";
        bool refused = _borrowers.Contains(borrower) || _line.Exists(waiter => waiter.Borrower == borrower);
        switch (kind)
        {
            case 0 or 1 when Begin(actor, () => Acquire(borrower)):
                if (refused)
                {
                    Expect(actor, nameof(InvalidOperationException));
                }
                else
                {
                    _line.Add((actor, borrower));
                    Serve();
                }

                break;
            case 2 when _borrowers.Remove(borrower):
                _limiter.ReleaseOnBehalfOf(borrower);
                Serve();
                break;
            case 2:
                FluentActions.Invoking(() => _limiter.ReleaseOnBehalfOf(borrower)).Should().Throw<InvalidOperationException>();
                break;
            case 3 when !refused:
                bool free = _borrowers.Count < _total;
                _limiter.TryAcquireOnBehalfOf(borrower, out _).Should().Be(free);
                if (free)
                {
                    _borrowers.Add(borrower);
                }

                break;
            case 4:
                _limiter.TotalTokens = _total = argument;
                Serve();
                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        _line.RemoveAll(waiter => waiter.Actor == actor).Should().Be(1);
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_limiter.TotalTokens, _total, "TotalTokens");
        Same(_limiter.AvailableTokens, _total - _borrowers.Count, "AvailableTokens");
        Same(_borrowers.ToHashSet<object>().SetEquals(_limiter.Borrowers), true, "Borrowers");
        SameLine(_limiter.Statistics.WaitingTasks, _line.Select(static waiter => waiter.Actor));
    }

    private void Serve()
    {
        while (_line.Count > 0 && _borrowers.Count < _total)
        {
            _borrowers.Add(_line[0].Borrower);
            Expect(_line[0].Actor, "has one");
            _line.RemoveAt(0);
        }
    }

    private async Coroutine<string> Acquire(string borrower)
    {
        await _limiter.AcquireOnBehalfOfAsync(borrower);
        return "has one";
    }
}

public abstract class QueueStateMachine : StateMachineTest
{
    private readonly List<int> _items = [];
    private readonly List<int> _getters = [];
    private readonly List<(int Actor, int Item)> _putters = [];
    private readonly List<int> _joiners = [];
    private AsyncQueue<int> _queue = null!;
    private int _next;
    private int _unfinished;
    private bool _shutDown;

    protected abstract AsyncQueue<int> New(int capacity);

    /// <summary>Which of the items, in the order of their coming, is next.</summary>
    protected abstract int NextOf(List<int> items);

    protected override int Kinds => 10;

    protected override void Create()
    {
        _queue = New(Capacity);
        _items.Clear();
        _getters.Clear();
        _putters.Clear();
        _joiners.Clear();
        _unfinished = 0;
        _shutDown = false;
    }

    protected virtual int Capacity => 2;

    protected override void Play(int kind, int actor, int argument)
    {
        switch (kind)
        {
            case 0 or 1 when Begin(actor, Get):
                if (_items.Count > 0)
                {
                    Expect(actor, $"{Take()}");
                }
                else if (_shutDown)
                {
                    Expect(actor, nameof(QueueShutDownException));
                }
                else
                {
                    _getters.Add(actor);
                }

                break;
            case 2 or 3:
                int item = _next++ * 7919 % 1000;
                if (!Begin(actor, () => Put(item)))
                {
                    break;
                }

                if (_shutDown)
                {
                    Expect(actor, nameof(QueueShutDownException));
                }
                else if (Accept(item))
                {
                    Expect(actor, "put");
                }
                else
                {
                    _putters.Add((actor, item));
                }

                break;
            case 4 when !_shutDown:
                _queue.TryPut(5).Should().Be(Accept(5));
                break;
            case 5 when !_shutDown:
                bool any = _items.Count > 0;
                _queue.TryGet(out int taken).Should().Be(any);
                if (any)
                {
                    taken.Should().Be(Take());
                }

                break;
            case 6 or 7 when _unfinished > 0:
                _queue.TaskDone();
                if (--_unfinished == 0)
                {
                    LetJoinersGo();
                }

                break;
            case 8 when Begin(actor, Join):
                _joiners.Add(actor);
                if (_unfinished == 0)
                {
                    LetJoinersGo();
                }

                break;
            case 9 when argument < 2:
                _queue.Shutdown(immediate: argument == 1);
                _shutDown = true;
                if (argument == 1 && _items.Count > 0)
                {
                    _unfinished = Math.Max(0, _unfinished - _items.Count);
                    _items.Clear();
                    if (_unfinished == 0)
                    {
                        LetJoinersGo();
                    }
                }

                foreach (int waiter in _getters.Concat(_putters.Select(static putter => putter.Actor)))
                {
                    Expect(waiter, nameof(QueueShutDownException));
                }

                _getters.Clear();
                _putters.Clear();
                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        (_getters.RemoveAll(getter => getter == actor) + _putters.RemoveAll(putter => putter.Actor == actor) + _joiners.RemoveAll(joiner => joiner == actor))
            .Should().Be(1);
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        Same(_queue.Count, _items.Count, "Count");
        Same(_queue.IsFull, Capacity > 0 && _items.Count == Capacity, "IsFull");
        Same(_queue.IsShutDown, _shutDown, "IsShutDown");
        QueueStatistics statistics = _queue.Statistics;
        Same(statistics.UnfinishedItems, _unfinished, "UnfinishedItems");
        SameLine(statistics.Getters, _getters);
        SameLine(statistics.Putters, _putters.Select(static putter => putter.Actor));
        SameLine(statistics.Joiners, _joiners);
    }

    private bool Accept(int item)
    {
        if (_getters.Count > 0)
        {
            Expect(_getters[0], $"{item}");
            _getters.RemoveAt(0);
        }
        else if (Capacity == 0 || _items.Count < Capacity)
        {
            _items.Add(item);
        }
        else
        {
            return false;
        }

        _unfinished++;
        return true;
    }

    private int Take()
    {
        int index = NextOf(_items);
        int item = _items[index];
        _items.RemoveAt(index);
        if (_putters.Count > 0)
        {
            _items.Add(_putters[0].Item);
            _unfinished++;
            Expect(_putters[0].Actor, "put");
            _putters.RemoveAt(0);
        }

        return item;
    }

    private void LetJoinersGo()
    {
        _joiners.ForEach(joiner => Expect(joiner, "joined"));
        _joiners.Clear();
    }

    private async Coroutine<string> Get() => $"{await _queue.GetAsync()}";

    private async Coroutine<string> Put(int item)
    {
        await _queue.PutAsync(item);
        return "put";
    }

    private async Coroutine<string> Join()
    {
        await _queue.JoinAsync();
        return "joined";
    }
}

public sealed class BoundedQueueStateMachine : QueueStateMachine
{
    protected override AsyncQueue<int> New(int capacity) => new(capacity);

    protected override int NextOf(List<int> items) => 0;
}

public sealed class UnboundedQueueStateMachine : QueueStateMachine
{
    protected override int Capacity => 0;

    protected override AsyncQueue<int> New(int capacity) => new(capacity);

    protected override int NextOf(List<int> items) => 0;
}

public sealed class StackStateMachine : QueueStateMachine
{
    protected override AsyncQueue<int> New(int capacity) => new AsyncStack<int>(capacity);

    protected override int NextOf(List<int> items) => items.Count - 1;
}

public abstract class ChannelStateMachine(int capacity) : StateMachineTest
{
    private readonly List<int> _items = [];
    private readonly List<(int Actor, int Half)> _receivers = [];
    private readonly List<(int Actor, int Half, int Item)> _senders = [];
    private readonly bool[] _senderOpen = new bool[2];
    private readonly bool[] _receiverOpen = new bool[2];
    private ChannelSender<int>[] _sending = [];
    private ChannelReceiver<int>[] _receiving = [];
    private int _next;

    protected override int Kinds => 8;

    protected override void Create()
    {
        var (sender, receiver) = MemoryChannel.Create<int>(capacity);
        _sending = [sender, sender.Clone()];
        _receiving = [receiver, receiver.Clone()];
        _items.Clear();
        _receivers.Clear();
        _senders.Clear();
        _senderOpen.AsSpan().Fill(true);
        _receiverOpen.AsSpan().Fill(true);
    }

    protected override void Play(int kind, int actor, int argument)
    {
        int half = argument & 1;
        int item = _next++;
        string? sendRefusal = !_senderOpen[half] ? nameof(ObjectDisposedException) : !_receiverOpen.Contains(true) ? nameof(BrokenChannelException) : null;
        string? receiveRefusal = !_receiverOpen[half] ? nameof(ObjectDisposedException)
            : !_senderOpen.Contains(true) && _items.Count == 0 ? nameof(EndOfChannelException) : null;
        switch (kind)
        {
            case 0 or 1 when Begin(actor, () => Send(half, item)):
                if (sendRefusal is not null)
                {
                    Expect(actor, sendRefusal);
                }
                else if (Accept(item))
                {
                    Expect(actor, "sent");
                }
                else
                {
                    _senders.Add((actor, half, item));
                }

                break;
            case 2 or 3 when Begin(actor, () => Receive(half)):
                if (receiveRefusal is not null)
                {
                    Expect(actor, receiveRefusal);
                }
                else if (TryTake(out int received))
                {
                    Expect(actor, $"{received}");
                }
                else
                {
                    _receivers.Add((actor, half));
                }

                break;
            case 4 when sendRefusal is null:
                _sending[half].TrySend(item).Should().Be(Accept(item));
                break;
            case 5 when receiveRefusal is null:
                bool any = TryTake(out int expected);
                _receiving[half].TryReceive(out int taken).Should().Be(any);
                taken.Should().Be(expected);
                break;
            case 6 when argument > 1:
                CloseSender(half);
                break;
            case 7 when argument > 1:
                CloseReceiver(half);
                break;
        }
    }

    protected override void OnCancelled(int actor)
    {
        (_senders.RemoveAll(sender => sender.Actor == actor) + _receivers.RemoveAll(receiver => receiver.Actor == actor)).Should().Be(1);
        Expect(actor, Cancelled);
    }

    protected override void Compare()
    {
        ChannelStatistics statistics = _sending[0].Statistics;
        Same(statistics.Count, _items.Count, "Count");
        Same(statistics.OpenSenders, _senderOpen.Count(static open => open), "OpenSenders");
        Same(statistics.OpenReceivers, _receiverOpen.Count(static open => open), "OpenReceivers");
        SameLine(statistics.WaitingSenders, _senders.Select(static sender => sender.Actor));
        SameLine(statistics.WaitingReceivers, _receivers.Select(static receiver => receiver.Actor));
    }

    private void CloseSender(int half)
    {
        _sending[half].Dispose();
        _senderOpen[half] = false;
        foreach (var sender in _senders.FindAll(sender => sender.Half == half))
        {
            _senders.Remove(sender);
            Expect(sender.Actor, nameof(ObjectDisposedException));
        }

        if (!_senderOpen.Contains(true))
        {
            _receivers.ForEach(receiver => Expect(receiver.Actor, nameof(EndOfChannelException)));
            _receivers.Clear();
        }
    }

    private void CloseReceiver(int half)
    {
        _receiving[half].Dispose();
        _receiverOpen[half] = false;
        foreach (var receiver in _receivers.FindAll(receiver => receiver.Half == half))
        {
            _receivers.Remove(receiver);
            Expect(receiver.Actor, nameof(ObjectDisposedException));
        }

        if (!_receiverOpen.Contains(true))
        {
            _items.Clear();
            _senders.ForEach(sender => Expect(sender.Actor, nameof(BrokenChannelException)));
            _senders.Clear();
        }
    }

    private bool Accept(int item)
    {
        if (_receivers.Count > 0)
        {
            Expect(_receivers[0].Actor, $"{item}");
            _receivers.RemoveAt(0);
            return true;
        }

        if (_items.Count >= capacity)
        {
            return false;
        }

        _items.Add(item);
        return true;
    }

    private bool TryTake(out int item)
    {
        item = 0;
        if (_senders.Count > 0)
        {
            _items.Add(_senders[0].Item);
            Expect(_senders[0].Actor, "sent");
            _senders.RemoveAt(0);
        }

        if (_items.Count == 0)
        {
            return false;
        }

        item = _items[0];
        _items.RemoveAt(0);
        return true;
    }

    private async Coroutine<string> Send(int half, int item)
    {
        await _sending[half].SendAsync(item);
        return "sent";
    }

    private async Coroutine<string> Receive(int half) => $"{await _receiving[half].ReceiveAsync()}";
}

public sealed class RendezvousStateMachine() : ChannelStateMachine(0);

public sealed class SmallestBufferStateMachine() : ChannelStateMachine(1);

public sealed class BufferedChannelStateMachine() : ChannelStateMachine(2);
