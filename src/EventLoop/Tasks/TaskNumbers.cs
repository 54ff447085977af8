namespace EventLoop.Tasks;

/// <summary>
/// Numbers tasks from one. After two billion, which a busy server makes in a working day, it begins again at one and leaves out the numbers of tasks that live,
/// so that no two living tasks of a loop share one. Loop thread only.
/// </summary>
internal sealed class TaskNumbers(TaskTable tasks)
{
    private int[] taken = [];      // sorted; the numbers of the tasks that lived when it last began again
    private int passed;            // how many of them it has left out, with the one at the barrier
    private int barrier = int.MaxValue;      // the next number that is not given

    private int last;

    internal int Next()
    {
        int next = last + 1;
        return last = next < barrier ? next : FindFree(next);
    }

    /// <summary>For tests: the next one gets the number after <paramref name="number"/>.</summary>
    internal void ContinueAfter(int number)
    {
        last = number;
        taken = [];
        passed = 0;
        barrier = int.MaxValue;
    }

    private int FindFree(int next)
    {
        while (next == barrier)
        {
            if (barrier == int.MaxValue)
            {
                taken = [.. tasks.FromTheEnd().Select(static task => task.Id).Order()];
                passed = 0;
                next = 1;
            }
            else
            {
                next++;
            }

            barrier = passed < taken.Length ? taken[passed++] : int.MaxValue;
        }

        if (passed == taken.Length)
        {
            taken = [];
            passed = 0;
        }

        return next;
    }
}
