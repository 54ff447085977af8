using System.Runtime.CompilerServices;
using EventLoop.Combining;

namespace EventLoop;

// gather of several types returns a tuple. Coroutines become tasks; tasks of the loop are cancelled with the gather, .NET tasks are left alone.
public sealed partial class Loop
{
    /// <summary>Runs everything concurrently and returns the results as a tuple. asyncio: <c>gather</c>.</summary>
    /// <returns>The results, in the order of the arguments.</returns>
    /// <remarks>The first failure is thrown at once, and the others continue. <b>Cancellation:</b> cancels the children (except .NET tasks, which are left
    /// alone) and throws at once.</remarks>
    /// <exception cref="InvalidOperationException">A coroutine was given twice or has started already; nothing was started.</exception>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2)> Gather<T1, T2>(
        Coroutine<T1> first, Coroutine<T2> second) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3)> Gather<T1, T2, T3>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth,
            Coroutine<T7> seventh) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5]), Combinators.ValueOf<T7>(all[6])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2)> Gather<T1, T2>(
        LoopTask<T1> first, LoopTask<T2> second) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1])));

    /// <inheritdoc cref="Gather{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3)> Gather<T1, T2, T3>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2])));

    /// <inheritdoc cref="Gather{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3])));

    /// <inheritdoc cref="Gather{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4])));

    /// <inheritdoc cref="Gather{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5])));

    /// <inheritdoc cref="Gather{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth, LoopTask<T7> seventh) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5]), Combinators.ValueOf<T7>(all[6])));

    /// <inheritdoc cref="Gather{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2)> Gather<T1, T2>(
        Task<T1> first, Task<T2> second) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1])));

    /// <inheritdoc cref="Gather{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3)> Gather<T1, T2, T3>(
        Task<T1> first, Task<T2> second, Task<T3> third) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2])));

    /// <inheritdoc cref="Gather{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4)> Gather<T1, T2, T3, T4>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all => (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3])));

    /// <inheritdoc cref="Gather{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5)> Gather<T1, T2, T3, T4, T5>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4])));

    /// <inheritdoc cref="Gather{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6)> Gather<T1, T2, T3, T4, T5, T6>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth, Task<T6> sixth) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5])));

    /// <inheritdoc cref="Gather{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(T1, T2, T3, T4, T5, T6, T7)> Gather<T1, T2, T3, T4, T5, T6, T7>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth, Task<T6> sixth, Task<T7> seventh) =>
        Combinators.All(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.ValueOf<T1>(all[0]), Combinators.ValueOf<T2>(all[1]), Combinators.ValueOf<T3>(all[2]), Combinators.ValueOf<T4>(all[3]),
                Combinators.ValueOf<T5>(all[4]), Combinators.ValueOf<T6>(all[5]), Combinators.ValueOf<T7>(all[6])));
}
