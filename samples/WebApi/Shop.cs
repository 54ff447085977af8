namespace WebApi;

/// <summary>The state of the service. Only the loop's thread comes here, so nothing is locked.</summary>
internal sealed class Shop
{
    private readonly Dictionary<int, Item> items = [];

    public long Visits { get; set; }

    public long Count { get; set; }

    public Item Add(NewItem item)
    {
        var added = new Item(items.Count + 1, item.Name, item.Price, item.Description);
        items.Add(added.Id, added);
        return added;
    }

    public Item? Find(int id) => items.GetValueOrDefault(id);

    public IReadOnlyCollection<Item> All() => items.Values;
}
