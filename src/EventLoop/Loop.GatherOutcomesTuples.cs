using System.Runtime.CompilerServices;
using EventLoop.Combining;

namespace EventLoop;

// gather(return_exceptions=True) of several types returns a tuple of outcomes.
public sealed partial class Loop
{
    /// <summary>Runs everything concurrently and returns how each ended, as a tuple. asyncio: <c>gather(return_exceptions=True)</c>.</summary>
    /// <returns>One outcome for each, in the order of the arguments.</returns>
    /// <remarks><b>Cancellation:</b> cancels the children (except .NET tasks, which cannot be cancelled), waits for them, and then throws.</remarks>
    /// <exception cref="InvalidOperationException">A coroutine was given twice or has started already; nothing was started.</exception>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>)> GatherOutcomes<T1, T2>(
        Coroutine<T1> first, Coroutine<T2> second) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> GatherOutcomes<T1, T2, T3>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> GatherOutcomes<T1, T2, T3, T4>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> GatherOutcomes<T1, T2, T3, T4, T5>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> GatherOutcomes<T1, T2, T3, T4, T5, T6>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> GatherOutcomes<T1, T2, T3, T4, T5, T6,
        T7>(
        Coroutine<T1> first, Coroutine<T2> second, Coroutine<T3> third, Coroutine<T4> fourth, Coroutine<T5> fifth, Coroutine<T6> sixth,
            Coroutine<T7> seventh) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5]), Combinators.OutcomeOf<T7>(all[6])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>)> GatherOutcomes<T1, T2>(
        LoopTask<T1> first, LoopTask<T2> second) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> GatherOutcomes<T1, T2, T3>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> GatherOutcomes<T1, T2, T3, T4>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> GatherOutcomes<T1, T2, T3, T4, T5>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> GatherOutcomes<T1, T2, T3, T4, T5, T6>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(LoopTask{T1}, LoopTask{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> GatherOutcomes<T1, T2, T3, T4, T5, T6,
        T7>(
        LoopTask<T1> first, LoopTask<T2> second, LoopTask<T3> third, LoopTask<T4> fourth, LoopTask<T5> fifth, LoopTask<T6> sixth, LoopTask<T7> seventh) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5]), Combinators.OutcomeOf<T7>(all[6])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Coroutine{T1}, Coroutine{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>)> GatherOutcomes<T1, T2>(
        Task<T1> first, Task<T2> second) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>)> GatherOutcomes<T1, T2, T3>(
        Task<T1> first, Task<T2> second, Task<T3> third) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third)),
            static all => (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>)> GatherOutcomes<T1, T2, T3, T4>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>)> GatherOutcomes<T1, T2, T3, T4, T5>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>)> GatherOutcomes<T1, T2, T3, T4, T5, T6>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth, Task<T6> sixth) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5])));

    /// <inheritdoc cref="GatherOutcomes{T1, T2}(Task{T1}, Task{T2})"/>
    [OverloadResolutionPriority(-1)]
    public static Coroutine<(Outcome<T1>, Outcome<T2>, Outcome<T3>, Outcome<T4>, Outcome<T5>, Outcome<T6>, Outcome<T7>)> GatherOutcomes<T1, T2, T3, T4, T5, T6,
        T7>(
        Task<T1> first, Task<T2> second, Task<T3> third, Task<T4> fourth, Task<T5> fifth, Task<T6> sixth, Task<T7> seventh) =>
        Combinators.Ended(
            Arguments.Of(Argument.Of(first), Argument.Of(second), Argument.Of(third), Argument.Of(fourth), Argument.Of(fifth), Argument.Of(sixth),
                Argument.Of(seventh)),
            static all =>
                (Combinators.OutcomeOf<T1>(all[0]), Combinators.OutcomeOf<T2>(all[1]), Combinators.OutcomeOf<T3>(all[2]), Combinators.OutcomeOf<T4>(all[3]),
                Combinators.OutcomeOf<T5>(all[4]), Combinators.OutcomeOf<T6>(all[5]), Combinators.OutcomeOf<T7>(all[6])));
}
