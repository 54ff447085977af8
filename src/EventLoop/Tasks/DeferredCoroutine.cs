using System.Runtime.CompilerServices;
using EventLoop.Reporting;

namespace EventLoop.Tasks;

/// <summary>Turns lambdas into coroutines: the lambda is called when the coroutine runs, in the task that it belongs to.</summary>
[Plumbing]
internal static class DeferredCoroutine
{
    internal static Coroutine Run(Func<Coroutine> body) => Make<Func<Coroutine>, CoroutineAwaiter, OfCoroutine>(body);

    internal static Coroutine<T> Run<T>(Func<Coroutine<T>> body) => Make<T, Func<Coroutine<T>>, CoroutineAwaiter<T>, OfCoroutine<T>>(body);

    internal static Coroutine Run(Func<Task> body) => Make<Func<Task>, TaskAwaiter, OfTask>(body);

    internal static Coroutine<T> Run<T>(Func<Task<T>> body) => Make<T, Func<Task<T>>, TaskAwaiter<T>, OfTask<T>>(body);

    private static Coroutine Make<TBody, TAwaiter, TKind>(TBody body)
        where TBody : class
        where TAwaiter : struct, ICriticalNotifyCompletion
        where TKind : IKind<TBody, TAwaiter>
    {
        ArgumentNullException.ThrowIfNull(body);
        var call = new Call<TBody, TAwaiter, TKind> { Body = body };
        call.Builder.Start(ref call);
        return call.Builder.Task;
    }

    private static Coroutine<T> Make<T, TBody, TAwaiter, TKind>(TBody body)
        where TBody : class
        where TAwaiter : struct, ICriticalNotifyCompletion
        where TKind : IKind<T, TBody, TAwaiter>
    {
        ArgumentNullException.ThrowIfNull(body);
        var call = new Call<T, TBody, TAwaiter, TKind> { Body = body };
        call.Builder.Start(ref call);
        return call.Builder.Task;
    }

    // What the compiler would generate for "await body()", written by hand for the sake of the attribute, so that an exception's trace shows the lambda and
    // not this.
    [StackTraceHidden]
    private struct Call<TBody, TAwaiter, TKind> : IAsyncStateMachine
        where TAwaiter : struct, ICriticalNotifyCompletion
        where TKind : IKind<TBody, TAwaiter>
    {
        internal CoroutineMethodBuilder Builder;
        internal TBody? Body;
        private TAwaiter awaiter;
        private bool isAwaiting;

        public void MoveNext()
        {
            try
            {
                if (!isAwaiting)
                {
                    awaiter = TKind.Call(Body!);
                    if (!TKind.IsCompleted(in awaiter))
                    {
                        isAwaiting = true;
                        Builder.AwaitUnsafeOnCompleted(ref awaiter, ref this);
                        return;
                    }
                }

                TKind.GetResult(in awaiter);
            }
            catch (Exception exception)
            {
                Builder.SetException(exception);
                return;
            }

            Builder.SetResult();
        }

        public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }
    }

    [StackTraceHidden]
    private struct Call<T, TBody, TAwaiter, TKind> : IAsyncStateMachine
        where TAwaiter : struct, ICriticalNotifyCompletion
        where TKind : IKind<T, TBody, TAwaiter>
    {
        internal CoroutineMethodBuilder<T> Builder;
        internal TBody? Body;
        private TAwaiter awaiter;
        private bool isAwaiting;

        public void MoveNext()
        {
            T result;
            try
            {
                if (!isAwaiting)
                {
                    awaiter = TKind.Call(Body!);
                    if (!TKind.IsCompleted(in awaiter))
                    {
                        isAwaiting = true;
                        Builder.AwaitUnsafeOnCompleted(ref awaiter, ref this);
                        return;
                    }
                }

                result = TKind.GetResult(in awaiter);
            }
            catch (Exception exception)
            {
                Builder.SetException(exception);
                return;
            }

            Builder.SetResult(result);
        }

        public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
        {
        }
    }

    // How a kind of lambda is called and awaited: the compiler binds that by name, which generic code cannot.
    private interface IKind<TBody, TAwaiter>
    {
        static abstract TAwaiter Call(TBody body);

        static abstract bool IsCompleted(in TAwaiter awaiter);

        static abstract void GetResult(in TAwaiter awaiter);
    }

    private interface IKind<out T, TBody, TAwaiter>
    {
        static abstract TAwaiter Call(TBody body);

        static abstract bool IsCompleted(in TAwaiter awaiter);

        static abstract T GetResult(in TAwaiter awaiter);
    }

    [StackTraceHidden]
    private readonly struct OfCoroutine : IKind<Func<Coroutine>, CoroutineAwaiter>
    {
        public static CoroutineAwaiter Call(Func<Coroutine> body) => body().GetAwaiter();

        public static bool IsCompleted(in CoroutineAwaiter awaiter) => awaiter.IsCompleted;

        public static void GetResult(in CoroutineAwaiter awaiter) => awaiter.GetResult();
    }

    [StackTraceHidden]
    private readonly struct OfCoroutine<T> : IKind<T, Func<Coroutine<T>>, CoroutineAwaiter<T>>
    {
        public static CoroutineAwaiter<T> Call(Func<Coroutine<T>> body) => body().GetAwaiter();

        public static bool IsCompleted(in CoroutineAwaiter<T> awaiter) => awaiter.IsCompleted;

        public static T GetResult(in CoroutineAwaiter<T> awaiter) => awaiter.GetResult();
    }

    [StackTraceHidden]
    private readonly struct OfTask : IKind<Func<Task>, TaskAwaiter>
    {
        public static TaskAwaiter Call(Func<Task> body) => body().GetAwaiter();

        public static bool IsCompleted(in TaskAwaiter awaiter) => awaiter.IsCompleted;

        public static void GetResult(in TaskAwaiter awaiter) => awaiter.GetResult();
    }

    [StackTraceHidden]
    private readonly struct OfTask<T> : IKind<T, Func<Task<T>>, TaskAwaiter<T>>
    {
        public static TaskAwaiter<T> Call(Func<Task<T>> body) => body().GetAwaiter();

        public static bool IsCompleted(in TaskAwaiter<T> awaiter) => awaiter.IsCompleted;

        public static T GetResult(in TaskAwaiter<T> awaiter) => awaiter.GetResult();
    }
}
