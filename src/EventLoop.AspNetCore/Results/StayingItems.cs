using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using EventLoop.Scheduling;

namespace EventLoop.AspNetCore.Results;

/// <summary>An async sequence whose enumerator is called in a task's context only, and completes raw.</summary>
internal sealed class StayingItems<T>(IAsyncEnumerable<T> items, LoopContext context) : IAsyncEnumerable<T>
{
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => new Enumerator(items, context, cancellationToken);

    /// <summary>Any thread, one call at a time.</summary>
    private sealed class Enumerator : LoopItem, IAsyncEnumerator<T>, IValueTaskSource<bool>, IValueTaskSource
    {
        private readonly LoopCore core;
        private readonly LoopContext home;
        private readonly ExecutionContext? flow = ExecutionContext.Capture();
        private readonly Answer answer;
        private readonly Action onMoved;
        private readonly Action onDisposed;
        private IAsyncEnumerable<T>? items;
        private IAsyncEnumerator<T>? inner;
        private readonly CancellationToken cancellation;
        private ManualResetValueTaskSourceCore<bool> source;
        private ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter moving;
        private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter disposing;
        private bool isDisposing;
        private bool moved;
        private Exception? failure;

        internal Enumerator(IAsyncEnumerable<T> items, LoopContext context, CancellationToken cancellation)
        {
            this.items = items;
            this.cancellation = cancellation;
            home = context;
            core = context.Core;
            Context = context;
            answer = new Answer(this);
            onMoved = OnMoved;
            onDisposed = OnDisposed;
        }

        public T Current => inner!.Current;

        public ValueTask<bool> MoveNextAsync()
        {
            if (ReferenceEquals(LoopCore.Running, core) && ReferenceEquals(core.Current, home))
            {
                var move = Inner().MoveNextAsync();
                if (move.IsCompleted)
                {
                    return move;
                }

                source.Reset();
                Follow(move);
            }
            else
            {
                source.Reset();
                core.Arrive(this);
            }

            return new ValueTask<bool>(this, source.Version);
        }

        public ValueTask DisposeAsync()
        {
            if (inner is null)
            {
                return default;
            }

            isDisposing = true;
            if (ReferenceEquals(LoopCore.Running, core) && ReferenceEquals(core.Current, home))
            {
                return inner.DisposeAsync();
            }

            source.Reset();
            core.Arrive(this);
            return new ValueTask(this, source.Version);
        }

        // In the task's context.
        internal override void Execute()
        {
            core.ThreadContexts.RestoreFlow(flow);
            try
            {
                if (isDisposing)
                {
                    disposing = inner!.DisposeAsync().ConfigureAwait(false).GetAwaiter();
                    if (disposing.IsCompleted)
                    {
                        OnDisposed();
                    }
                    else
                    {
                        disposing.UnsafeOnCompleted(onDisposed);
                    }
                }
                else
                {
                    Follow(Inner().MoveNextAsync());
                }
            }
            catch (Exception thrown)
            {
                failure = thrown;
                core.Arrive(answer);
            }
        }

        internal override void OnRejected(LoopCore closed)
        {
            failure = new ObjectDisposedException(closed.Loop.Name, $"The event loop '{closed.Loop.Name}' was closed.");
            Tell();
        }

        private IAsyncEnumerator<T> Inner()
        {
            if (items is not null)
            {
                inner = items.GetAsyncEnumerator(cancellation);
                items = null;
            }

            return inner!;
        }

        private void Follow(ValueTask<bool> move)
        {
            moving = move.ConfigureAwait(false).GetAwaiter();
            if (moving.IsCompleted)
            {
                OnMoved();
            }
            else
            {
                moving.UnsafeOnCompleted(onMoved);
            }
        }

        private void OnMoved()
        {
            try
            {
                moved = moving.GetResult();
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }

            moving = default;
            core.Arrive(answer);
        }

        private void OnDisposed()
        {
            try
            {
                disposing.GetResult();
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }

            core.Arrive(answer);
        }

        private void Tell()
        {
            var thrown = failure;
            failure = null;
            if (thrown is null)
            {
                source.SetResult(moved);
            }
            else
            {
                source.SetException(thrown);
            }
        }

        bool IValueTaskSource<bool>.GetResult(short token) => source.GetResult(token);

        void IValueTaskSource.GetResult(short token) => source.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => source.GetStatus(token);

        ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => source.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            source.OnCompleted(continuation, state, token, flags);

        void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            source.OnCompleted(continuation, state, token, flags);

        /// <summary>The step in which the enumerating code resumes: raw, so that it resumes inside it.</summary>
        private sealed class Answer(Enumerator of) : LoopItem
        {
            internal override void Execute()
            {
                of.core.ThreadContexts.RestoreFlow(null);
                of.Tell();
            }

            internal override void OnRejected(LoopCore core) => of.Tell();
        }
    }
}
