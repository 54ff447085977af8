using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

// Steps that one instrument takes whole: the same, in fewer instructions. Loop thread only, except for what says otherwise.
internal sealed partial class Instruments
{
    private enum Whole : byte
    {
        None,
        Step,
        StepWithInner,
    }

    /// <summary>Whether a step runs that will be reported as a whole. Any thread.</summary>
    internal bool IsInWhole => inWhole != Whole.None;

    /// <summary>The instrument to which the step that begins is reported when it has ended; null: it is reported piece by piece.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Instrument? BeginWhole(LoopItem item)
    {
        if (whole is not { } one)
        {
            return null;
        }

        if (told != ready.Put)
        {
            TellArrivals(item);
        }

        inWhole = Whole.Step;
        return one;
    }

    /// <param name="one">What the beginning has returned.</param>
    /// <param name="item">What has run; it may belong to others by now.</param>
    /// <param name="context">Where the step began.</param>
    /// <param name="firstPut">On the scale of <see cref="ReadyQueue.Put"/>, when it began.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void EndWhole(Instrument one, LoopItem item, LoopContext? context, long firstPut)
    {
        if (one.Hears != Hearing.None)
        {
            one.OnStep(item, context, firstPut);
        }

        if (inWhole != Whole.Step && !EndsAsBegun())
        {
            return;
        }

        told = ready.Put;
        inWhole = Whole.None;
    }

    // It contained others, or instruments were attached or detached in the middle of it. Where nobody but a new one is left, what the step has made ready since
    // is reported with the next.
    private bool EndsAsBegun()
    {
        if (addedIn is not null)
        {
            return false;
        }

        toldInside.Clear();
        return true;
    }
}
