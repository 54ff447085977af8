namespace EventLoop;

/// <summary>What becomes of a <see cref="LoopGroup"/> when one of its loops fails: when its run throws, by <see cref="LoopExitException"/> as a rule.</summary>
public enum LoopFailurePolicy
{
    /// <summary>The group stops as by <see cref="LoopGroup.Stop"/>, and Run throws what the loop failed with.</summary>
    StopGroup,

    /// <summary>It goes to the exception handler of Run's loop, and a new loop takes that place; its connections and what was posted to it are lost.</summary>
    Restart,
}
