namespace EventLoop.Scheduling;

/// <summary>What can stand in an <see cref="IntrusiveList{T}"/>, in one at a time: it keeps its own neighbours, so that a list allocates nothing.</summary>
internal interface IListNode<T>
    where T : class
{
    T? Previous { get; set; }

    T? Following { get; set; }
}

/// <summary>
/// A list whose nodes are the items themselves: added at the end, removed from anywhere, each in constant time. Whoever owns the list says on which thread.
/// (A <see cref="WaiterQueue"/> is the same for what waits, in the space of one reference.)
/// </summary>
internal struct IntrusiveList<T>
    where T : class, IListNode<T>
{
    internal T? First { get; private set; }

    internal T? Last { get; private set; }

    internal readonly bool IsEmpty => First is null;

    internal void Add(T item)
    {
        item.Previous = Last;
        if (Last is null)
        {
            First = item;
        }
        else
        {
            Last.Following = item;
        }

        Last = item;
    }

    /// <summary>Removes an item. False: it was in no list.</summary>
    internal bool Remove(T item)
    {
        var previous = item.Previous;
        var following = item.Following;
        if (previous is not null)
        {
            previous.Following = following;
        }
        else if (ReferenceEquals(First, item))
        {
            First = following;
        }
        else
        {
            return false;
        }

        if (following is not null)
        {
            following.Previous = previous;
        }
        else
        {
            Last = previous;
        }

        item.Previous = null;
        item.Following = null;
        return true;
    }

    /// <summary>Removes and returns the first item; null: there is none.</summary>
    internal T? TakeFirst()
    {
        var item = First;
        if (item is not null)
        {
            Remove(item);
        }

        return item;
    }
}
