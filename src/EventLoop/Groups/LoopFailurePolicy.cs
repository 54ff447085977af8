namespace EventLoop;

/// <summary>What a <see cref="LoopGroup"/> does when one of its loops fails: when its run throws, usually by <see cref="LoopExitException"/>.</summary>
public enum LoopFailurePolicy
{
    /// <summary>The group stops as by <see cref="LoopGroup.Stop"/>, and Run throws the failure.</summary>
    StopGroup,

    /// <summary>The failure goes to the exception handler of Run's loop, and a new loop takes the place; its connections and what was posted to it are
    /// lost.</summary>
    Restart,
}
