namespace EventLoop.Testing;

/// <summary>What tests need to know about a loop.</summary>
public static class LoopExtensions
{
    extension(Loop)
    {
        /// <inheritdoc cref="TestLoop.WaitUntilIdle"/>
        public static Coroutine WaitUntilIdle() => TestLoop.WaitUntilIdle();
    }
}
