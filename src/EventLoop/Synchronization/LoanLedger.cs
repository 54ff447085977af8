using System.Runtime.CompilerServices;
using EventLoop.Scheduling;

namespace EventLoop.Synchronization;

/// <summary>
/// The borrowers and those who wait to borrow: an intrusive hash table of loans. A task is found by its number and its reference, so that the usual borrow and
/// return cost neither a virtual call nor an allocation. Loop thread only.
/// </summary>
internal struct LoanLedger
{
    private const int SmallestSize = 8;      // a power of two

    private Loan?[]? buckets;
    private Loan? free;
    private int count;

    internal static int HashOf(object borrower) => borrower is LoopTask task ? task.Id : borrower.GetHashCode();

    internal readonly Loan? Find(object borrower, int hash)
    {
        if (buckets is not { } all)
        {
            return null;
        }

        for (var loan = all[hash & (all.Length - 1)]; loan is not null; loan = loan.Next)
        {
            if (ReferenceEquals(loan.Borrower, borrower) || (loan.Hash == hash && borrower.Equals(loan.Borrower)))
            {
                return loan;
            }
        }

        return null;
    }

    /// <summary>Adds the loan of a borrower that is not in the table.</summary>
    internal Loan Add(CapacityLimiter limiter, object borrower, int hash)
    {
        var all = buckets;
        if (all is null || count == all.Length)
        {
            all = Grow();
        }

        var loan = free;
        if (loan is null)
        {
            loan = new Loan(limiter);
        }
        else
        {
            free = loan.Next;
        }

        ref var bucket = ref all[hash & (all.Length - 1)];
        loan.Borrower = borrower;
        loan.Hash = hash;
        loan.Next = bucket;
        bucket = loan;
        count++;
        return loan;
    }

    /// <summary>Removes a loan, whose releaser is void from now on.</summary>
    internal void Remove(Loan loan)
    {
        ref var link = ref buckets![loan.Hash & (buckets.Length - 1)];
        while (!ReferenceEquals(link, loan))
        {
            link = ref link!.Next;
        }

        link = loan.Next;
        loan.Ticket++;
        loan.Borrower = null;      // a finished loan keeps nobody alive
        loan.IsWaiting = false;
        loan.Next = free;
        free = loan;
        count--;
    }

    internal readonly List<object> Borrowers()
    {
        var borrowers = new List<object>(count);
        foreach (var first in buckets ?? [])
        {
            for (var loan = first; loan is not null; loan = loan.Next)
            {
                if (!loan.IsWaiting)
                {
                    borrowers.Add(loan.Borrower!);
                }
            }
        }

        return borrowers;
    }

    /// <summary>Any thread: a loan belongs to its limiter permanently, so a link that changes meanwhile leads to another loan of the same limiter at worst, or
    /// in a circle.</summary>
    internal readonly void CollectTasks(List<IStepOwner> tasks)
    {
        int most = (2 * count) + SmallestSize;
        foreach (var first in Volatile.Read(ref Unsafe.AsRef(in buckets)) ?? [])
        {
            for (var loan = first; loan is not null && most > 0; loan = loan.Next, most--)
            {
                if (loan is { IsWaiting: false, Borrower: LoopTask { IsCompleted: false } task })
                {
                    tasks.Add(task);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Loan?[] Grow()
    {
        var grown = new Loan?[Math.Max(SmallestSize, count * 2)];
        foreach (var first in buckets ?? [])
        {
            for (var loan = first; loan is not null;)
            {
                var following = loan.Next;
                ref var bucket = ref grown[loan.Hash & (grown.Length - 1)];
                loan.Next = bucket;
                bucket = loan;
                loan = following;
            }
        }

        buckets = grown;
        return grown;
    }
}

/// <summary>One token held by one borrower, or the place of one that waits. Pooled by its limiter.</summary>
internal sealed class Loan(CapacityLimiter limiter) : IReleasable
{
    internal object? Borrower;
    internal Loan? Next;       // in its bucket, or in the free list
    internal int Hash;
    internal long Ticket;
    internal bool IsWaiting;

    public void Release(long ticket)
    {
        limiter.Binding.Verify("Releaser.Dispose");
        if (ticket == Ticket)
        {
            limiter.TakeBack(this);
        }
    }
}
